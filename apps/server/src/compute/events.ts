import type { Computation } from '@shugu/private-compute';

/** Facts of computation contracts and their uses. */
interface About {
  contract: string;
  owners: string[];
  recipients: string[];
}

export interface ComputeEvents {
  'compute.contract.drafted': About;
  'compute.contract.signed': About & { by: string };
  'compute.contract.begun': About;
  'compute.contract.exhausted': About;
  'compute.contract.expired': About;
  'compute.contract.revoked': About & { by: string };
  'compute.use.reserved': About & { use: string; number: number; by: string; mode: Computation['mode'] };
  'compute.output.held': About & { use: string; number: number };
  'compute.output.answered': About & { use: string; number: number; by: string; approved: boolean };
  'compute.use.released': About & { use: string; number: number };
  'compute.use.returned': About & { use: string; number: number };
  'compute.use.failed': About & { use: string; number: number; code: string };
}
