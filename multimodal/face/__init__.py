"""Frame -> landmarks, aligned face, flow, region visibility."""
