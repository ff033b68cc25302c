"""The state directory: where things are in it, what is written down there, and the processes that this names."""
