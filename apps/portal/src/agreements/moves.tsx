/** What a party or the operator may do with a contract now. */
import {
  confirmForcedTermination,
  confirmTerms,
  decideTermination,
  forceTermination,
  type getContract,
  proposeTermination,
  proposeTerms,
  refuseContract,
  settlementWays,
  signContract,
} from '@shugu/wire/agreements';
import type { Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { choicesOf } from '../registry/fields.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { CertifiedSigning } from './certified.tsx';

export type Contract = Reply<typeof getContract>;

const reason = [field('reason', 'longText', ['理由', 'Reason'], { required: true, charactersMax: 1000 })];
const decision = [
  field('accept', 'choice', ['决定', 'Decision'], {
    required: true,
    choices: [
      ['true', '同意', 'Agree'],
      ['false', '不同意', 'Decline'],
    ],
  }),
];

const termFields = [
  field('acceptanceDays', 'number', ['验收期（工作日）', 'Acceptance (working days)'], { min: 0, max: 180 }),
  field('settlementWay', 'choice', ['结算方式', 'Settlement'], { choices: choicesOf('way', settlementWays) }),
  field('dispute.forum', 'choice', ['争议解决', 'Disputes'], {
    choices: [
      ['court', '诉讼', 'Court'],
      ['arbitration', '仲裁', 'Arbitration'],
    ],
  }),
  field('dispute.body', 'text', ['法院或仲裁机构', 'Court or arbitral body'], {}),
  field('supplements', 'records', ['补充条款', 'Supplements'], {
    fields: [
      field('title', 'text', ['标题', 'Title'], { required: true }),
      field('text', 'longText', ['内容', 'Text'], { required: true }),
    ],
  }),
  field('note', 'longText', ['给对方的说明', 'Note to the other side'], { charactersMax: 1000 }),
];

export const ContractMoves = ({ one }: { one: Contract }) => {
  const { t } = useWords();
  const version = one.open ?? one.current;
  const can = (move: string) => one.next.moves.includes(move);
  const params = { id: one.id };
  const open = one.terminations.find((each) => each.state === 'proposed');
  const { terms } = version;
  const propose = (amend: boolean) => (
    <Action
      endpoint={proposeTerms}
      label={amend ? t('contract.amend') : t('contract.propose')}
      fields={termFields}
      prefix="body.terms"
      initial={{
        acceptanceDays: terms.acceptanceDays,
        settlementWay: terms.settlementWay,
        dispute: terms.dispute,
        supplements: terms.supplements,
      }}
      input={(values) => {
        const { note = '', ...changed } = values as unknown as { note?: string };
        return { params, body: { terms: { supplements: [], ...changed } as never, note } };
      }}
    />
  );
  return (
    <>
      {can('sign') && version.documentHash ? (
        <Action
          endpoint={signContract}
          label={t('contract.sign')}
          primary
          explain={
            <>
              <p>{t('contract.signExplain')}</p>
              <p className="mono small">{version.documentHash}</p>
            </>
          }
          input={() => ({ params, body: { documentHash: version.documentHash! } })}
        />
      ) : null}
      {can('sign') ? <CertifiedSigning one={one} /> : null}
      {can('confirm') ? (
        <Action
          endpoint={confirmTerms}
          label={t('contract.confirm')}
          primary
          explain={<p>{t('contract.confirmExplain')}</p>}
          input={() => ({ params, body: { round: version.round } })}
        />
      ) : null}
      {can('propose') ? propose(false) : null}
      {can('amend') ? propose(true) : null}
      {can('refuse') ? (
        <Action
          endpoint={refuseContract}
          label={t('contract.refuse')}
          danger
          fields={reason}
          input={(values) => ({ params, body: values as never })}
        />
      ) : null}
      {can('proposeTermination') ? (
        <Action
          endpoint={proposeTermination}
          label={t('contract.terminate')}
          danger
          fields={reason}
          explain={<p>{t('contract.terminateExplain')}</p>}
          input={(values) => ({ params, body: values as never })}
        />
      ) : null}
      {can('decideTermination') && open ? (
        <Action
          endpoint={decideTermination}
          label={t('contract.decide')}
          fields={decision}
          explain={<p>{open.reason}</p>}
          input={(values) => ({
            params: { ...params, termination: open.id },
            body: { accept: (values as { accept?: string }).accept === 'true' },
          })}
        />
      ) : null}
      {can('forceTermination') ? (
        <Action
          endpoint={forceTermination}
          label={t('contract.force')}
          danger
          fields={reason}
          explain={<p>{t('contract.forceExplain')}</p>}
          input={(values) => ({ params, body: values as never })}
        />
      ) : null}
      {can('decideForcedTermination') && open ? (
        <Action
          endpoint={confirmForcedTermination}
          label={t('contract.decideForced')}
          danger
          fields={decision}
          explain={<p>{open.reason}</p>}
          input={(values) => ({
            params: { ...params, termination: open.id },
            body: { accept: (values as { accept?: string }).accept === 'true' },
          })}
        />
      ) : null}
    </>
  );
};
