/** Reasons that the original API gives for an image that cannot be created: its clients compare them. */
export const IMAGE_TEXTS = {
	noDataset: 'invalid dataset',
	notFetched: 'could not fetch file from url',
	notExtracted: 'could not extract tar archive',
} as const;
