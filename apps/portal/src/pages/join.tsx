import { apply, listRulebook, memberRole, organisationKind, roleClass } from '@shugu/wire/members';
import { Link } from '@tanstack/react-router';
import { Button, Checkbox, Result, Upload } from 'antd';
import { useState } from 'react';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { choicesOf } from '../registry/fields.ts';
import { SendForm } from '../ui/action.tsx';
import { asBase64, field, type WidgetProps } from '../ui/fields.tsx';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { NewPassword } from './invitation.tsx';

const letterBytesMax = 2 * 1024 * 1024;
const mediaTypes = ['application/pdf', 'image/png', 'image/jpeg'];

const Letter = ({ value, onChange }: WidgetProps) => {
  const { t } = useWords();
  const [fault, setFault] = useState('');
  const given = value as { fileName?: string } | undefined;
  const take = async (file: File) => {
    if (!mediaTypes.includes(file.type) || file.size > letterBytesMax) {
      setFault(t('join.letterFault'));
      return;
    }
    setFault('');
    onChange?.({ fileName: file.name, mediaType: file.type, content: await asBase64(file) });
  };
  return (
    <>
      <Upload
        accept={mediaTypes.join(',')}
        showUploadList={false}
        beforeUpload={(file) => {
          void take(file);
          return false;
        }}
      >
        <Button>{t('join.pickLetter')}</Button>
      </Upload>{' '}
      {given?.fileName}
      {fault ? <span className="late"> {fault}</span> : null}
    </>
  );
};

const organisationFields = [
  field('name', 'text', ['单位名称', 'Name of the organisation'], { required: true }),
  field('creditCode', 'text', ['统一社会信用代码', 'Unified social credit code'], {
    required: true,
    help: { zh: '18 位，含校验码', en: '18 characters, checksum included' },
  }),
  field('kind', 'choice', ['单位性质', 'Kind of organisation'], {
    required: true,
    choices: choicesOf('organisationKind', organisationKind.options),
  }),
  field('legalRepresentative', 'text', ['法定代表人', 'Legal representative'], { required: true }),
  field('roles', 'records', ['申请的会员类别', 'Roles applied for'], {
    required: true,
    itemsMax: 6,
    fields: [
      field('role', 'choice', ['类别', 'Role'], { required: true, choices: choicesOf('role', memberRole.options) }),
      field('class', 'choice', ['专业类别（第三方服务机构）', 'Class (service bodies)'], {
        choices: choicesOf('class', roleClass.options.filter(Boolean)),
      }),
      field('licence', 'text', ['许可证号', 'Licence number'], {}),
    ],
  }),
  field('administrator.displayName', 'text', ['管理员姓名', 'Administrator’s name'], { required: true }),
  field('administrator.login', 'text', ['管理员登录名', 'Administrator’s login'], {
    required: true,
    help: { zh: '小写字母、数字与 . _ @ -', en: 'Lower-case letters, digits and . _ @ -' },
  }),
  field('administrator.phone', 'text', ['联系电话', 'Telephone'], { required: true }),
  field('administrator.email', 'text', ['电子邮箱', 'E-mail'], {}),
  field('administrator.password', 'text', ['密码', 'Password'], {
    required: true,
    widget: NewPassword,
    help: { zh: '至少 10 个字符', en: 'At least 10 characters' },
  }),
  field(
    'authorisationLetter',
    'text',
    ['授权委托书（PDF 或图片，2 MB 以内）', 'Letter of authorisation (PDF or picture, up to 2 MB)'],
    { required: true, widget: Letter },
  ),
];

export default function Join() {
  const { t, b } = useWords();
  const rulebook = useRead(listRulebook, {});
  const [agreed, setAgreed] = useState<string[]>([]);
  const [sent, setSent] = useState<string>();
  if (sent)
    return (
      <Page title={t('join.title')}>
        <Result
          status="success"
          title={t('join.sent')}
          subTitle={t('join.sentText', { case: sent })}
          extra={<Link to={paths.signIn}>{t('frame.signIn')}</Link>}
        />
      </Page>
    );
  return (
    <Page title={t('join.title')} lead={t('join.lead')}>
      <Loaded of={rulebook}>
        {({ items }) => {
          const mandatory = items.filter((one) => one.mandatory && one.current);
          return (
            <Sheet>
              <SendForm
                endpoint={apply}
                label={t('join.send')}
                fields={organisationFields}
                initial={{ roles: [{}] }}
                blocked={mandatory.every((one) => agreed.includes(one.id)) ? null : t('join.acceptFirst')}
                input={(values) => ({
                  body: { ...values, acceptedVersions: mandatory.map((one) => one.current!.id) } as never,
                })}
                after={(reply) => setSent(reply.case)}
              >
                <fieldset style={{ border: 0, padding: 0, margin: '0 0 20px' }}>
                  <legend style={{ marginBottom: 6 }}>{t('join.rules')}</legend>
                  {mandatory.length ? (
                    mandatory.map((one) => (
                      <div key={one.id} className="row">
                        <Checkbox
                          checked={agreed.includes(one.id)}
                          onChange={(event) =>
                            setAgreed(event.target.checked ? [...agreed, one.id] : agreed.filter((id) => id !== one.id))
                          }
                        >
                          {b(one.title)}
                        </Checkbox>
                        <a href={paths.rule(one.id)} target="_blank" rel="noreferrer">
                          {t('join.readRule')}
                        </a>
                      </div>
                    ))
                  ) : (
                    <span className="quiet">{t('join.noRules')}</span>
                  )}
                </fieldset>
              </SendForm>
            </Sheet>
          );
        }}
      </Loaded>
    </Page>
  );
}
