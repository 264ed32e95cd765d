import type { riskStates, riskSteps, riskTargets, severities, taskStates } from '@shugu/wire/supervision-risk';

export type RiskState = (typeof riskStates)[number];
export type Severity = (typeof severities)[number];

export interface Risk {
  id: string;
  participant: string;
  rule: string;
  pack: string;
  severity: Severity;
  state: RiskState;
  present: boolean;
  target_kind: (typeof riskTargets)[number];
  target: string;
  target_name: string;
  cause: { zh: string; en: string };
  created_at: Date;
  ended_at: Date | null;
}

export interface RiskStep {
  kind: (typeof riskSteps)[number];
  person: string;
  body: string;
  created_at: Date;
}

export interface Task {
  id: string;
  participant: string;
  title: string;
  body: string;
  state: (typeof taskStates)[number];
  due_on: string;
  owner: string;
  result: string | null;
  created_at: Date;
  ended_at: Date | null;
}
