/** Who asked, as audit rows keep it (domain case 158). */
export interface AuditActor {
  accountId: string | null;
  /** Role ids, separated by commas. */
  role: string;
  ip: string;
  userAgent: string;
  requestId: string;
}
