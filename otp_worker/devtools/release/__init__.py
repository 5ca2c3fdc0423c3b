"""What is published of a version: wheel, source, bill of materials and their digests."""
