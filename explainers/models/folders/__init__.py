"""Folders of models: may they be trusted, and what do they hold?"""
