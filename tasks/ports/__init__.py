"""What the tasks need of the outside, one Protocol per thing, named for the need."""
