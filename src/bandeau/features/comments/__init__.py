"""Comments under an article, open to those who granted their purpose. Pure, with one port."""
