"""The PostgreSQL server of the platform: its place, its process, its roles and databases."""
