/** What hangs on the registration procedures of the pack: checks of applications, and what a step does to rights. */
import type { CaseRecord, Hooks, Occasion } from '../../kernel/case/index.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { RegistryDeps } from '../model.ts';
import { registryProblems as problems } from '../problems.ts';
import { cancelCertificate, issueChange, issueRenewal, renewalOpen } from './amending.ts';
import {
  checkFirst,
  checkLater,
  checkObjection,
  checkRenewal,
  checkStillStands,
  planTransfer,
} from './applications.ts';
import { depositEvidence, publishNotice, recordEvidence } from './evidence.ts';
import { mayInspect } from './inspections.ts';
import { issueFirst, issueTransfer } from './issuing.ts';
import { dismissed, objected } from './objections.ts';

/** An effect that only looks: what it throws refuses the step, with the form as it was handed in. */
const checked =
  (check: (tx: Tx, one: CaseRecord) => Promise<unknown>) =>
  async (tx: Tx, { case: one }: Occasion) => {
    await check(tx, one);
    return undefined;
  };

export const registrationHooks = (deps: RegistryDeps): Record<string, Hooks> => {
  const visible: Hooks['visible'] = (read, { case: one, principal }) =>
    mayInspect(read, one.id, principal.participant, deps.now());
  const published = { publishNotice: publishNotice(deps), depositEvidence, recordEvidence: recordEvidence(deps, true) };
  const amended = {
    // Evidence of what can no longer be done would leave the case without an end.
    depositEvidence: async (tx: Tx, occasion: Occasion) => {
      await checkStillStands(tx, occasion.case);
      return depositEvidence(tx, occasion);
    },
    recordEvidence: recordEvidence(deps, false),
  };
  const checkLaterOne = checked((tx, one) => checkLater(deps, tx, one));
  return {
    'registration.first': {
      visible,
      effects: {
        ...published,
        issueCertificate: issueFirst(deps),
        checkApplication: checked(async (tx, one) => {
          const errors = await checkFirst(deps, tx, one, tx.now);
          if (errors.length) throw problems.applicationUnfit({ errors: errors.slice(0, 100) });
        }),
      },
    },
    'registration.transfer': {
      visible,
      effects: {
        ...published,
        issueTransfer: issueTransfer(deps),
        checkApplication: checked((tx, one) => planTransfer(deps, tx, one, tx.now)),
      },
    },
    'registration.change': {
      visible,
      effects: { ...amended, issueChange: issueChange(deps), checkApplication: checkLaterOne },
    },
    'registration.renewal': {
      visible,
      guards: { renewalWindow: renewalOpen(deps) },
      effects: {
        ...amended,
        issueRenewal: issueRenewal(deps),
        checkApplication: checked((tx, one) => checkRenewal(deps, tx, one)),
      },
    },
    'registration.cancellation': {
      visible,
      effects: { ...amended, cancelCertificate: cancelCertificate(deps), checkApplication: checkLaterOne },
    },
    'registration.objection': {
      visible,
      effects: {
        checkApplication: checked((tx, one) => checkObjection(tx, one)),
        objectionConceded: objected('registry.objection.conceded'),
        objectionUpheld: objected('registry.objection.upheld'),
        objectionDismissed: dismissed,
      },
    },
  };
};
