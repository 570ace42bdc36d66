"""The console command `mynah`."""
