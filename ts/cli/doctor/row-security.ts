/** Row-level security: what the role sees of a table. */

import { type Check, list, ok, problem, warning } from './check';
import type { Access, Facts, Table } from './findings';

/** What it means for calls; `tellsUser`: whether the calendar store tells whose row it is. */
export function rowSecurityCheck(table: Table, role: Facts, tellsUser: boolean): Check | undefined {
  const { store, access } = table;
  if (!access) return undefined;
  const id = `${store}.row-security`;
  const { isEnabled, isActive } = access.rowSecurity;
  const values = { ...access.rowSecurity, policies: access.policies };
  if (!isEnabled) return ok(id, 'Row-level security is off: nothing is hidden.', values);
  if (!isActive) {
    const found = `Row-level security is on, but not for ${role.role}, which ${exemption(access, role)}: nothing is hidden.`;
    return ok(id, found, values);
  }
  const on = `Row-level security is in force for ${role.role}`;
  const orOwner = access.isOwner ? '' : `, or as the owner of the table (${access.owner})`;
  const bypass = `let tokenkeep alone connect as a role that has BYPASSRLS${orOwner}`;
  const permissive = access.policies.filter(({ isPermissive }) => isPermissive);
  if (permissive.length === 0) {
    const found = `${on}, and no policy lets it see a row: everything is hidden, nothing can be stored.`;
    return problem(id, found, `Make a policy for it, or ${bypass}.`, values);
  }
  const names = list(permissive.map(({ name }) => name));
  if (permissive.every(({ asksForTenant }) => asksForTenant)) {
    const found = `${on}: ${names} asks for app.current_tenant_id. Every call needs withTenant.`;
    return warning(id, found, `Call within withTenant, or ${bypass}.`, values);
  }
  if (store === 'calendar' && permissive.every(({ asksForUser }) => asksForUser)) {
    const found = `${on}: ${names} asks for the signed-in user (auth.uid())`;
    if (tellsUser) return ok(id, `${found}, of whom TOKENKEEP_JWT_CLAIMS tells it.`, values);
    const fix = `Set TOKENKEEP_JWT_CLAIMS=1, or ${bypass}.`;
    return problem(id, `${found}, of whom nothing tells it.`, fix, values);
  }
  const found = `${on}: ${names} asks for something else than app.current_tenant_id, or asks in a function. What it does not show, tokenkeep cannot work on.`;
  const fix = `If calls fail, make it ask for app.current_tenant_id and call within withTenant, or ${bypass}.`;
  return warning(id, found, fix, values);
}

function exemption({ isOwner, rowSecurity }: Access, role: Facts): string {
  if (role.isSuperuser) return 'is a superuser';
  if (role.bypassesRowSecurity) return 'has BYPASSRLS';
  return isOwner && !rowSecurity.isForced ? 'owns the table' : 'is exempt from it';
}
