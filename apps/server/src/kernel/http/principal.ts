/** Who calls. The members room makes principals; the kernel only asks what they may do. */
import type { Actor } from '../db/db.ts';

export interface Principal {
  kind: 'person' | 'service' | 'system' | 'anonymous';
  id: string;
  name: string;
  /** The organisation acted for; '' for strangers. */
  participant: string;
  /** Kinds of that organisation: operator, registrar, regulator, supplier, buyer, serviceBody … */
  roles: ReadonlySet<string>;
  permissions: ReadonlySet<string>;
  /** A machine of ours: what is open to whoever is signed in is not open to it. */
  permittedOnly?: boolean;
  language: 'zh' | 'en';
}

export const anonymous = (language: 'zh' | 'en'): Principal => ({
  kind: 'anonymous',
  id: '',
  name: '',
  participant: '',
  roles: new Set(),
  permissions: new Set(),
  language,
});

/** The node acting for itself: clocks, jobs, flows. */
export const systemPrincipal = (name: string): Principal => ({
  kind: 'system',
  id: `system:${name}`,
  name,
  participant: '',
  roles: new Set(),
  permissions: new Set(),
  language: 'zh',
});

export const actorOf = (principal: Principal, requestId?: string): Actor => ({
  kind: principal.kind,
  id: principal.id,
  participant: principal.participant,
  name: principal.name,
  requestId,
});

export const systemActor = (name: string): Actor => ({ kind: 'system', id: `system:${name}`, participant: '', name });

/** Who may do what: an organisation of one of `roles`, through a person who holds one of `seats`. Each room declares its own. */
export interface PermissionRule {
  title: { zh: string; en: string };
  roles: readonly string[];
  seats: readonly string[];
}
export type PermissionTable = Record<string, PermissionRule>;
