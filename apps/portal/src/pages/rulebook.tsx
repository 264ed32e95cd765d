import {
  draftRuleDocument,
  draftRuleVersion,
  listRulebook,
  publishRuleVersion,
  readRuleDocument,
  withdrawRuleDraft,
} from '@shugu/wire/members';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { StateTag } from '../ui/step.tsx';

const texts = [
  field('text.zh', 'longText', ['正文（中文）', 'Text (Chinese)'], { required: true }),
  field('text.en', 'longText', ['正文（英文）', 'Text (English)'], {}),
];

const Document = ({ id }: { id: string }) => {
  const { t, b } = useWords();
  const read = useRead(readRuleDocument, { params: { id } });
  return (
    <Loaded of={read}>
      {(one) => (
        <Sheet
          title={b(one.title)}
          extra={
            <>
              {one.mandatory ? <Tag color="warning">{t('rules.mandatory')}</Tag> : null}
              <Action
                endpoint={draftRuleVersion}
                label={t('rulebook.draft')}
                small
                fields={texts}
                width={860}
                input={(values) => ({ params: { id }, body: values as never })}
              />
              <Link to={paths.rule(id)}>{t('join.readRule')}</Link>
            </>
          }
        >
          <ul className="card-list">
            {one.versions.map((version) => (
              <li key={version.id} className="row between">
                <span>
                  {t('rules.version', { number: version.number, day: version.effectiveOn ?? '—' })}{' '}
                  <StateTag list="ruleState" state={version.status} />
                </span>
                {version.status === 'draft' ? (
                  <span className="row">
                    <Action
                      endpoint={publishRuleVersion}
                      label={t('rulebook.publish')}
                      small
                      primary
                      explain={<p>{t('rulebook.publishExplain')}</p>}
                      fields={[field('effectiveOn', 'date', ['生效日期', 'In force from'], { required: true })]}
                      input={(values) => ({ params: { id: version.id }, body: values as never })}
                    />
                    <Action
                      endpoint={withdrawRuleDraft}
                      label={t('rulebook.withdraw')}
                      small
                      danger
                      input={() => ({ params: { id: version.id } })}
                    />
                  </span>
                ) : null}
              </li>
            ))}
          </ul>
        </Sheet>
      )}
    </Loaded>
  );
};

export default function Rulebook() {
  const { t } = useWords();
  const read = useRead(listRulebook, {});
  const add = (
    <Action
      endpoint={draftRuleDocument}
      label={t('rulebook.new')}
      primary
      width={860}
      fields={[
        field('code', 'text', ['代码（小写字母、数字、连字符）', 'Code (lower-case letters, digits, hyphens)'], {
          required: true,
        }),
        field('title.zh', 'text', ['名称（中文）', 'Title (Chinese)'], { required: true }),
        field('title.en', 'text', ['名称（英文）', 'Title (English)'], { required: true }),
        field('mandatory', 'boolean', ['会员必须接受', 'Members must accept it'], {}),
        ...texts,
      ]}
      input={(values) => ({ body: { mandatory: false, ...values } as never })}
    />
  );
  return (
    <Page title={t('menu.rulebook')} lead={t('rulebook.lead')} actions={add}>
      <Loaded of={read}>
        {({ items }) =>
          items.length ? (
            items.map((one) => <Document key={one.id} id={one.id} />)
          ) : (
            <Empty title={t('rules.empty')} action={add} />
          )
        }
      </Loaded>
    </Page>
  );
}
