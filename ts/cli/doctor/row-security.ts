/** Checks row-level security: which rows of a table the role sees. */

import { type Check, list, ok, problem, warning } from './check';
import type { Access, Facts, Table } from './findings';

/** What it means for calls; `tellsUser`: whether the calendar store sets the signed-in user. */
export function rowSecurityCheck(table: Table, role: Facts, tellsUser: boolean): Check | undefined {
  const { store, access } = table;
  if (!access) return undefined;
  const id = `${store}.row-security`;
  const { isEnabled, isActive } = access.rowSecurity;
  const values = { ...access.rowSecurity, policies: access.policies };
  if (!isEnabled) return ok(id, 'Row-level security is off: no rows are hidden.', values);
  if (!isActive) {
    const found = `Row-level security is on, but not for ${role.role}, which ${exemption(access, role)}: no rows are hidden.`;
    return ok(id, found, values);
  }
  const on = `Row-level security applies to ${role.role}`;
  const orOwner = access.isOwner ? '' : `, or as the owner of the table (${access.owner})`;
  const bypass = `connect tokenkeep, and nothing else, as a role with BYPASSRLS${orOwner}`;
  const permissive = access.policies.filter(({ isPermissive }) => isPermissive);
  if (permissive.length === 0) {
    const found = `${on}, and no policy lets it see a row: all rows are hidden, and nothing can be stored.`;
    return problem(id, found, `Create a policy for it, or ${bypass}.`, values);
  }
  const names = list(permissive.map(({ name }) => name));
  if (permissive.every(({ asksForTenant }) => asksForTenant)) {
    const found = `${on}, by app.current_tenant_id (${names}). Every call needs withTenant.`;
    return warning(id, found, `Make calls inside withTenant, or ${bypass}.`, values);
  }
  if (store === 'calendar' && permissive.every(({ asksForUser }) => asksForUser)) {
    const found = `${on}, by the signed-in user, auth.uid() (${names})`;
    if (tellsUser) return ok(id, `${found}, which TOKENKEEP_JWT_CLAIMS sets.`, values);
    const fix = `Set TOKENKEEP_JWT_CLAIMS=1, or ${bypass}.`;
    return problem(id, `${found}, which nothing sets.`, fix, values);
  }
  const found = `${on}, by something other than app.current_tenant_id, or by a function (${names}). tokenkeep cannot work on rows that are hidden from it.`;
  const fix = `If calls fail, use app.current_tenant_id in the policies and make calls inside withTenant, or ${bypass}.`;
  return warning(id, found, fix, values);
}

function exemption({ isOwner, rowSecurity }: Access, role: Facts): string {
  if (role.isSuperuser) return 'is a superuser';
  if (role.bypassesRowSecurity) return 'has BYPASSRLS';
  return isOwner && !rowSecurity.isForced ? 'owns the table' : 'is exempt from it';
}
