"""Legal help in the dialogue: answers from the knowledge base, what is offered after them, guides question by question."""
