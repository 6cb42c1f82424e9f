"""Pictures as inputs: files, how a model prepares them, the regions that play, and what stands for an absent one."""
