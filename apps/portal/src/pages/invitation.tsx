import { limits, redeemInvitation } from '@shugu/wire/members';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Input } from 'antd';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { SendForm } from '../ui/action.tsx';
import { field, type WidgetProps } from '../ui/fields.tsx';
import { Page, Sheet } from '../ui/frame.tsx';

export const NewPassword = (props: WidgetProps) => (
  <Input.Password
    {...props}
    value={props.value as string}
    autoComplete="new-password"
    onChange={(event) => props.onChange?.(event.target.value)}
  />
);

export default function Invitation() {
  const { t } = useWords();
  const navigate = useNavigate();
  const cache = useQueryClient();
  return (
    <Page title={t('invitation.title')} lead={t('invitation.lead')}>
      <Sheet>
        <SendForm
          endpoint={redeemInvitation}
          label={t('invitation.send')}
          fields={[
            field('code', 'text', ['邀请码', 'Invitation code'], { required: true }),
            field('password', 'text', ['新密码', 'New password'], {
              required: true,
              widget: NewPassword,
              help: {
                zh: `至少 ${limits.passwordCharactersMin} 个字符`,
                en: `At least ${limits.passwordCharactersMin} characters`,
              },
            }),
          ]}
          input={(values) => ({ body: values as never })}
          after={async () => {
            await cache.resetQueries();
            await navigate({ to: paths.desk });
          }}
        />
      </Sheet>
    </Page>
  );
}
