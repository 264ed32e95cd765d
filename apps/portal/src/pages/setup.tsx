import { organisationKind, readSetup, setUp } from '@shugu/wire/members';
import { Link } from '@tanstack/react-router';
import { Result } from 'antd';
import { useState } from 'react';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { choicesOf } from '../registry/fields.ts';
import { SendForm } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { type FormField, field } from '../ui/fields.tsx';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { NewPassword } from './invitation.tsx';

const administrator = (id: string, zh: string, en: string): FormField[] => [
  field(`administrators.${id}.displayName`, 'text', [`${zh}姓名`, `${en}: name`], { required: true }),
  field(`administrators.${id}.login`, 'text', [`${zh}登录名`, `${en}: login`], { required: true }),
  field(`administrators.${id}.phone`, 'text', [`${zh}电话`, `${en}: telephone`], { required: true }),
  field(`administrators.${id}.password`, 'text', [`${zh}密码`, `${en}: password`], {
    required: true,
    widget: NewPassword,
  }),
];

const fields: FormField[] = [
  field(
    'setupToken',
    'text',
    ['初始化令牌（数据目录中的 setup.token）', 'Setup token (file setup.token in the data folder)'],
    { required: true },
  ),
  field('operator.name', 'text', ['运营方名称', 'Name of the operator'], { required: true }),
  field('operator.creditCode', 'text', ['统一社会信用代码', 'Credit code'], { required: true }),
  field('operator.kind', 'choice', ['单位性质', 'Kind'], {
    required: true,
    choices: choicesOf('organisationKind', organisationKind.options),
  }),
  field('operator.legalRepresentative', 'text', ['法定代表人', 'Legal representative'], { required: true }),
  ...administrator('system', '系统管理员', 'System administrator'),
  ...administrator('security', '安全管理员', 'Security administrator'),
  ...administrator('audit', '审计管理员', 'Audit administrator'),
];

export default function Setup() {
  const { t } = useWords();
  const read = useRead(readSetup, {});
  const [done, setDone] = useState(false);
  return (
    <Page title={t('setup.title')} lead={t('setup.lead')}>
      <Loaded of={read}>
        {({ needed }) =>
          done ? (
            <Result
              status="success"
              title={t('setup.done')}
              subTitle={t('setup.doneText')}
              extra={<Link to={paths.signIn}>{t('frame.signIn')}</Link>}
            />
          ) : needed ? (
            <Sheet>
              <SendForm
                endpoint={setUp}
                label={t('setup.send')}
                fields={fields}
                input={(values) => ({ body: values as never })}
                after={() => setDone(true)}
              />
            </Sheet>
          ) : (
            <Empty title={t('setup.notNeeded')} action={<Link to={paths.signIn}>{t('frame.signIn')}</Link>} />
          )
        }
      </Loaded>
    </Page>
  );
}
