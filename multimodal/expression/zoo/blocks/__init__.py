"""What the networks of the zoo are put together from: gates, pools, Inception blocks, stems, token attention."""
