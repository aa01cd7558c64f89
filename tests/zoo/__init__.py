"""A zoo of small sites whose faults are known: the ground truth for the auditor.

Each site is a value (:mod:`tests.zoo.site`), each violation has a twin that differs in nothing but
the violation, and every name in them is drawn from a seed.
"""
