/** Media types of the API. No imports: the client bundles it. */

/**
 * Media type of `DetailedErrorResponse`, for clients that name it in their `Accept` header. Others get `ErrorResponse`:
 * the original client prints further keys as they are.
 */
export const DETAILED_ERROR = 'application/vnd.kleene.error+json';

/** Media type of a tar archive. */
export const TAR = 'application/x-tar';
