"""The doors that clients come through: thin protocols over sessions. They know no store."""
