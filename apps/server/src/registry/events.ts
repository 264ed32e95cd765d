/** Facts this room tells; the subject is the object named first. */
export interface RegistryEvents {
  'registry.resource.created': { resource: string; name: string };
  'registry.resource.changed': { resource: string; revision: number };
  'registry.resource.profiled': { resource: string; content: string; rowCount: number };
  'registry.resource.faulty': { resource: string; content: string; code: string };
  'registry.resource.retired': { resource: string };
  'registry.certificate.issued': { certificate: string; code: string; resource: string; case: string };
  'registry.certificate.renewed': { certificate: string; code: string; validUntil: string };
  'registry.certificate.changed': { certificate: string; code: string; revision: number };
  'registry.certificate.ended': {
    certificate: string;
    code: string;
    resource: string;
    state: 'expired' | 'cancelled' | 'transferred';
    ground: string;
  };
  /** Market suspends listings that stand on the right. */
  'registry.right.remarked': { right: string; resource: string; kind: string; freezes: boolean; remark: string };
  'registry.right.released': { right: string; resource: string; remark: string };
  /** What stands on the right goes with it (flows/ground.ts). */
  'registry.right.ended': { right: string; resource: string; right_kind: string; holder: string; state: string };
  'registry.objection.upheld': { certificate: string; code: string; case: string };
  'registry.objection.conceded': { certificate: string; code: string; case: string };
  'registry.objection.dismissed': { certificate: string; code: string; case: string };
}
