/** Why a computation was refused or broke off. Nothing is opened where one of these is thrown. */
export type ComputeFault =
  | 'compute.range'
  | 'compute.budget'
  | 'compute.query'
  | 'compute.overflow'
  | 'compute.input'
  | 'compute.inputChanged'
  | 'compute.sizeCap'
  | 'compute.tooFew'
  | 'compute.unplaced'
  | 'compute.termsDiffer'
  | 'compute.keyDiffers'
  | 'compute.peerMalformed'
  | 'compute.peerSilent'
  | 'compute.peerGone'
  | 'compute.peerUnproven'
  | 'compute.engineDiffers'
  | 'compute.engineFailed';

export class ComputeError extends Error {
  readonly code: ComputeFault;
  constructor(code: ComputeFault, message: string) {
    super(message);
    this.code = code;
  }
}
