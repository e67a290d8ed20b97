"""What instructors and members do: keyword-only verbs that write."""
