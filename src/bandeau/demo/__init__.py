"""Edge: a demo newspaper and the pretend third parties that watch it.

Nothing here knows Bandeau: the newspaper is a publisher's site as they are, and the third
parties behave as such companies do, so that what Bandeau changes can be seen from outside.
"""
