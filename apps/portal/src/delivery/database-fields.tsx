/** Where a PostgreSQL database is and who logs in, in the forms of those who name one. */
import { Input } from 'antd';
import { field, type WidgetProps } from '../ui/fields.tsx';

export const Password = ({ id, value, onChange }: WidgetProps) => (
  <Input.Password
    id={id}
    autoComplete="new-password"
    value={value as string | undefined}
    onChange={(event) => onChange?.(event.target.value)}
  />
);

export const placeFields = [
  field('host', 'text', ['主机', 'Host'], { required: true }),
  field('port', 'number', ['端口', 'Port'], { min: 1, max: 65_535 }),
  field('database', 'text', ['数据库', 'Database'], { required: true }),
];
export const loginFields = [
  field('user', 'text', ['用户', 'User'], { required: true }),
  field('password', 'text', ['密码', 'Password'], { required: true, widget: Password }),
  field('tls', 'choice', ['加密', 'Encryption'], {
    choices: [
      ['verify', '加密并核对证书', 'Encrypted, certificate checked'],
      ['require', '仅加密', 'Encrypted only'],
      ['off', '不加密', 'None'],
    ],
  }),
];
export const addressInitial = { port: 5432, tls: 'verify' };
