const TABLE = 'google_calendar_tokens';

/**
 * Reads and deletes log failures and continue as if there were no row.
 *
 * @param {ReturnType<typeof import('./supabase.mjs').createSupabase>} supabase with the service key
 * @param {(line: string) => void} log
 */
export function createTokenStore(supabase, log) {
  return {
    /** @param {string} userId */
    async getCalendarTokens(userId) {
      try {
        const columns = 'access_token, refresh_token, token_expiry, scopes';
        return (await supabase.select(TABLE, columns, userId)) ?? null;
      } catch (error) {
        log(`Failed to fetch calendar tokens for ${userId}: ${error}`);
        return null;
      }
    },
    /**
     * @param {string} userId
     * @param {string} accessToken
     * @param {string} refreshToken
     * @param {Date | null | undefined} tokenExpiry
     * @param {string[]} scopes
     */
    async saveCalendarTokens(userId, accessToken, refreshToken, tokenExpiry, scopes) {
      try {
        await supabase.upsert(TABLE, {
          user_id: userId,
          access_token: accessToken,
          refresh_token: refreshToken,
          token_expiry: tokenExpiry?.toISOString() ?? null,
          scopes,
          updated_at: new Date().toISOString(),
        });
      } catch (error) {
        log(`Failed to save calendar tokens for ${userId}: ${error}`);
        throw error;
      }
    },
    /** @param {string} userId */
    async deleteCalendarTokens(userId) {
      try {
        await supabase.delete(TABLE, userId);
      } catch (error) {
        log(`Failed to delete calendar tokens for ${userId}: ${error}`);
      }
    },
  };
}
