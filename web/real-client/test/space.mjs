/** The space that development mode serves. */
export const SPACE = { spaceId: 'lingpai-dev', clientSecret: 'lingpai-dev-secret' };

/** What stands for the server's address in the build. */
export const ENDPOINT = 'http://server-under-test.invalid';
