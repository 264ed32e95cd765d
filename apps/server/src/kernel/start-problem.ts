/** Why a node does not start, by what its own records say. Codes are stable; docs/operate/install.md lists them. */
export class StartProblem extends Error {
  readonly code: 'clock_behind' | 'rule_pack_changed';

  constructor(code: StartProblem['code'], zh: string, en: string) {
    super(`${code}: ${zh}\n${en}`);
    this.name = 'StartProblem';
    this.code = code;
  }
}
