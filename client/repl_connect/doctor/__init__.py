"""What is wrong, and what to type: the machine (`examine_machine`), an address (`examine_address`).

Each gives findings in the order they were made; nothing is changed, and nothing is evaluated.
"""
