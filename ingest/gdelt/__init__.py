"""GDELT 2.0 event exports: what machines read in articles, as rows of who did what to whom, and where."""
