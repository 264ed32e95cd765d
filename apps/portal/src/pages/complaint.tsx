import { createComplaint, followComplaint } from '@shugu/wire/market-more';
import { Alert, Input } from 'antd';
import { useState } from 'react';
import { useWrite } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { SendForm } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { Facts, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { ProblemNote } from '../ui/problem.tsx';

const Follow = () => {
  const { t, b } = useWords();
  const follow = useWrite(followComplaint);
  return (
    <Sheet title={t('complaint.follow')}>
      <Input.Search
        placeholder={t('complaint.code')}
        aria-label={t('complaint.code')}
        enterButton={t('do.search')}
        loading={follow.isPending}
        onSearch={(code) => code && follow.mutate({ body: { code: code.trim() } })}
      />
      {follow.error ? <ProblemNote error={follow.error} /> : null}
      {follow.data ? (
        <div role="status" style={{ marginTop: 14 }}>
          <Facts
            items={[
              [t('case.state'), b(follow.data.title)],
              [t('case.filedAt'), <When key="f" at={follow.data.filedAt} />],
              [t('case.outcome'), follow.data.outcome],
            ]}
          />
        </div>
      ) : null}
    </Sheet>
  );
};

export default function Complaint() {
  const { t } = useWords();
  const [code, setCode] = useState<string | null>();
  return (
    <Page title={t('complaint.title')} lead={t('complaint.lead')}>
      <div className="columns">
        <Sheet>
          {code === undefined ? (
            <SendForm
              endpoint={createComplaint}
              label={t('complaint.send')}
              fields={[
                field('kind', 'choice', ['类型', 'Kind'], {
                  required: true,
                  choices: [
                    ['complaint', '投诉', 'Complaint'],
                    ['report', '举报', 'Report'],
                  ],
                }),
                field('about', 'text', ['对象', 'About whom or what'], { required: true }),
                field('subject', 'text', ['编号（产品、订单或机构，如有）', 'Identifier, if known'], {}),
                field('facts', 'longText', ['事实与理由', 'Facts'], { required: true, charactersMax: 5000 }),
                field('wish', 'longText', ['诉求', 'What you ask for'], {}),
                field('contact', 'text', ['联系方式（未登录必填）', 'Contact (needed from strangers)'], {}),
              ]}
              initial={{ kind: 'complaint' }}
              input={(values) => ({ body: values as never })}
              after={(reply) => setCode(reply.code)}
            />
          ) : (
            <Alert
              type="success"
              showIcon
              title={t('complaint.sent')}
              description={
                code ? (
                  <>
                    {t('complaint.keepCode')} <span className="mono">{code}</span>
                  </>
                ) : (
                  t('complaint.inCases')
                )
              }
            />
          )}
        </Sheet>
        <Follow />
      </div>
    </Page>
  );
}
