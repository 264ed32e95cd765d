/** One rule in a dialog; what the fields do not carry stays as it was. */
import { processActs, processKinds, type ReactionRule } from '@shugu/wire/federation';
import { Form, Modal } from 'antd';
import { useWords } from '../i18n/index.ts';
import { PurposePicker } from '../market/purpose-field.tsx';
import { FieldItems, type FormField, field, filled } from '../ui/fields.tsx';
import { ruleChangeFields } from './terms.tsx';

export type Choice = readonly [id: string, zh: string, en: string];

interface Values extends Partial<Omit<ReactionRule, 'unchanged'>> {
  unchanged?: 'unchanged' | 'changed';
}

const heard = processActs.filter((act) => act !== 'terminate');
/** Those that most rules have stand first. */
const reactions = [
  'agree',
  'offer',
  'terminate',
  'hold',
  'accept',
  'request',
  'verify',
  'finalize',
  'start',
  'suspend',
  'complete',
  'nothing',
] as const satisfies readonly ReactionRule['reaction'][];

const useFields = (products: readonly Choice[], offers: readonly Choice[]): FormField[] => {
  const { w } = useWords();
  const choices = (list: string, values: readonly string[]): Choice[] =>
    values.map((value) => [value, w(list, value), w(list, value)]);
  return [
    field('kind', 'choice', ['种类', 'Kind'], { required: true, choices: choices('processKind', processKinds) }),
    field('on', 'choice', ['对方', 'The other side'], { required: true, choices: choices('ruleOn', heard) }),
    field('subject', 'choice', ['产品', 'Product'], { choices: products }),
    field('offer', 'choice', ['要约', 'Offer'], { choices: offers }),
    field('counterparty', 'text', ['对方单位', 'Counter-party'], {
      charactersMax: 1000,
      help: {
        zh: '对方的 DID 或名称；以 * 结尾则匹配此开头的全部',
        en: 'Its DID or name; ending in *, whatever begins so',
      },
    }),
    field('amountFrom', 'text', ['价格不低于（元）', 'Price at least, yuan'], {
      help: { zh: '阶梯方案须每一阶都不低于此价', en: 'Of a tiered plan: at every tier' },
    }),
    field('amountUpTo', 'text', ['价格不高于（元）', 'Price at most, yuan']),
    field('purposes', 'list', ['用途不超出', 'For these purposes only'], { widget: PurposePicker }),
    field('unchanged', 'choice', ['条款', 'Terms'], {
      choices: [
        ['unchanged', '与本单位最近提出的相同', 'the same as we said last'],
        ['changed', '有变更', 'changed'],
      ],
    }),
    field('reaction', 'choice', ['回应', 'What we do'], {
      required: true,
      choices: choices('ruleReaction', reactions),
    }),
  ];
};

const reasonField = field('reason', 'longText', ['理由（告知对方）', 'Reason, told to the other side'], {
  charactersMax: 500,
});
const timesField = field('timesMax', 'number', ['每项协商至多几次', 'Times in one negotiation, at most'], {
  min: 1,
  max: 100,
});

const counters = (reaction: unknown): boolean => reaction === 'offer' || reaction === 'request';

/** As the form says it: what belongs to another reaction goes. */
export const ruleFrom = (values: Values, before: ReactionRule | undefined): ReactionRule => {
  const { unchanged, changes, reason, timesMax, ...rest } = values;
  const { side, by = 'other', terms, pauseMilliseconds = 0 } = before ?? {};
  const counter = counters(rest.reaction);
  return {
    ...(rest as Pick<ReactionRule, 'kind' | 'on' | 'reaction'>),
    by,
    pauseMilliseconds,
    ...(side ? { side } : {}),
    ...(unchanged ? { unchanged: unchanged === 'unchanged' } : {}),
    ...(counter && changes && Object.keys(changes).length > 0 ? { changes } : counter && terms ? { terms } : {}),
    ...(rest.reaction === 'terminate' && reason ? { reason } : {}),
    ...(timesMax ? { timesMax } : {}),
  };
};

const valuesOf = (rule: ReactionRule | undefined): Values => {
  if (!rule) return { kind: 'negotiation', on: 'request', timesMax: 1 };
  const { unchanged, ...rest } = rule;
  return { ...rest, ...(unchanged === undefined ? {} : { unchanged: unchanged ? 'unchanged' : 'changed' }) };
};

/** Ids that a rule names and the market does not show any more. */
const withPresent = (choices: readonly Choice[], present: string | undefined): Choice[] =>
  present === undefined || choices.some(([id]) => id === present)
    ? [...choices]
    : [...choices, [present, present, present]];

export interface RuleFormProps {
  open: boolean;
  rule: ReactionRule | undefined;
  products: readonly Choice[];
  offers: readonly Choice[];
  onDone: (rule: ReactionRule) => void;
  onClose: () => void;
}

export const RuleForm = ({ open, rule, products, offers, onDone, onClose }: RuleFormProps) => {
  const { t } = useWords();
  const [form] = Form.useForm();
  const fields = useFields(withPresent(products, rule?.subject), withPresent(offers, rule?.offer));
  const reaction = Form.useWatch('reaction', form) as unknown;
  const more = counters(reaction) ? [...ruleChangeFields, timesField] : reaction === 'terminate' ? [reasonField] : [];
  return (
    <Modal
      open={open}
      title={t(rule ? 'rules.edit' : 'rules.add')}
      width={760}
      okText={t('do.confirm')}
      cancelText={t('do.cancel')}
      onOk={() => form.submit()}
      onCancel={onClose}
      destroyOnHidden
    >
      <Form
        form={form}
        layout="vertical"
        preserve={false}
        initialValues={valuesOf(rule)}
        onFinish={(values) => onDone(ruleFrom(filled(values) as unknown as Values, rule))}
      >
        <FieldItems fields={[...fields, ...more]} />
      </Form>
    </Modal>
  );
};
