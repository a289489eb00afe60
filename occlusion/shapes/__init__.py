"""What occluders are made of: sheets in space and their stuffs, cloth, glass, hair, hands, vessels."""
