"""A GitHub-compatible server over real bare Git repositories: state without HTTP, thin routes over it."""
