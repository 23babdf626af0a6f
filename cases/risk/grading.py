"""placeholder"""
def grade(session, ticket, at): return None
def regrade(*a, **k): return None
def visit(*a, **k): return None
