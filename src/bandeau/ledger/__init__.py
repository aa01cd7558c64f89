"""What proves a choice: records, tree, checkpoints, receipts. Pure, with one port."""
