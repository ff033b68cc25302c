"""What any service stands on; knows nothing about payments."""
