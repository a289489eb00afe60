"""What spotting is measured on: clips with a coded apex, and long videos with coded onsets and offsets."""
