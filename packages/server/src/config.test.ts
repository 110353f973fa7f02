import { describe, expect, test } from 'vitest';
import { describeSettings, findMisspelt, loadSettings } from './config.ts';

const wrong = (env: Record<string, string>): string => {
  try {
    loadSettings(env, true);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

describe('settings', () => {
  test('defaults, frozen', () => {
    const settings = loadSettings({}, true);
    expect(settings).toMatchObject({
      role: 'all',
      dataDir: '/var/lib/thecloud',
      listen: { host: '127.0.0.1', port: 8080 },
      externalDatabaseUrl: undefined,
      pgPort: undefined,
      dbPoolMax: 25,
      dbPoolMin: 5,
      region: 'us-east-1',
      testMode: false,
    });
    expect(Object.isFrozen(settings)).toBe(true);
    expect(loadSettings({}, false).dataDir).toMatch(/\/\.local\/share\/thecloud$/);
  });

  test('the AWS door: an address, or closed', () => {
    expect(loadSettings({}, true).awsListen).toEqual({ host: '127.0.0.1', port: 4566 });
    expect(loadSettings({ CLOUD_AWS_LISTEN: '[::1]:0' }, true).awsListen).toEqual({ host: '::1', port: 0 });
    expect(loadSettings({ CLOUD_AWS_LISTEN: 'off' }, true).awsListen).toBeUndefined();
    expect(wrong({ CLOUD_AWS_LISTEN: 'no' })).toContain('CLOUD_AWS_LISTEN=no: must be host:port');
    expect(wrong({ CLOUD_AWS_LISTEN: '127.0.0.1:8080' })).toBe(
      'CLOUD_AWS_LISTEN=127.0.0.1:8080: must not be the port of CLOUD_LISTEN',
    );
    expect(wrong({ CLOUD_PG_PORT: '4566' })).toBe('CLOUD_PG_PORT=4566: must not be the port of CLOUD_AWS_LISTEN');
  });

  test('an empty value is the default', () => {
    expect(loadSettings({ CLOUD_LISTEN: '', CLOUD_PG_PORT: ' ' }, true).listen.port).toBe(8080);
  });

  test('the mail server: nothing, or a URL and a sender, whose password is not shown', () => {
    expect(loadSettings({}, true)).toMatchObject({ smtpUrl: undefined, mailFrom: undefined, publicUrl: undefined });
    const mail = {
      CLOUD_SMTP_URL: 'smtp://u:s3cret@mail.example.com:587',
      CLOUD_MAIL_FROM: 'The Cloud <cloud@example.com>',
    };
    expect(loadSettings(mail, true)).toMatchObject({ smtpUrl: mail.CLOUD_SMTP_URL, mailFrom: mail.CLOUD_MAIL_FROM });
    for (const url of [
      'mail.example.com',
      'http://mail.example.com',
      'smtp://',
      'smtp://u@mail.example.com',
      'smtp://u:s3cret@h/path',
      'smtp://u:s3cret@h?x=y',
    ]) {
      expect(wrong({ ...mail, CLOUD_SMTP_URL: url })).toContain('must be smtp://user:password@host:port');
      expect(wrong({ ...mail, CLOUD_SMTP_URL: url })).not.toContain('s3cret');
    }
    for (const from of ['cloud', 'a@b <c@d>', '<c@d>', 'Cloud <c@d> x', 'c@d, e@f'])
      expect(wrong({ ...mail, CLOUD_MAIL_FROM: from })).toContain('must be an address such as cloud@example.com');
    expect(wrong({ CLOUD_SMTP_URL: mail.CLOUD_SMTP_URL })).toBe('CLOUD_SMTP_URL: needs CLOUD_MAIL_FROM too');
    expect(wrong({ CLOUD_MAIL_FROM: mail.CLOUD_MAIL_FROM })).toBe('CLOUD_MAIL_FROM: needs CLOUD_SMTP_URL too');
  });

  test('the public URL, without a slash at the end', () => {
    expect(loadSettings({ CLOUD_PUBLIC_URL: 'https://cloud.example.com/' }, true).publicUrl).toBe(
      'https://cloud.example.com',
    );
    for (const url of ['cloud.example.com', 'ftp://x', 'https://u:p@x', 'https://x?y'])
      expect(wrong({ CLOUD_PUBLIC_URL: url })).toContain('must be an http or https URL');
  });

  test('origins of pages: none, or each by its name', () => {
    expect(loadSettings({}, true).corsOrigins).toEqual([]);
    expect(
      loadSettings({ CLOUD_CORS_ORIGINS: 'https://console.example.com, http://localhost:5173' }, true).corsOrigins,
    ).toEqual(['https://console.example.com', 'http://localhost:5173']);
    for (const origin of ['*', 'null', 'console.example.com', 'https://console.example.com/', 'ftp://a', ''])
      expect(wrong({ CLOUD_CORS_ORIGINS: `https://a.example,${origin}` })).toContain(
        `'${origin}' is not the scheme, host and port of a page`,
      );
  });

  test('host names: none, or each by its name alone', () => {
    expect(loadSettings({}, true).hosts).toEqual([]);
    const given = { CLOUD_HOSTS: 'cloud.example.com, Cloud_1.lan.,machine' };
    expect(loadSettings(given, true).hosts).toEqual(['cloud.example.com', 'Cloud_1.lan.', 'machine']);
    for (const name of ['*', '*.example.com', 'https://a.example', 'a.example:8080', 'a/b', 'a..b', '.a', '[::1]', ''])
      expect(wrong({ CLOUD_HOSTS: `a.example,${name}` })).toContain(`'${name}' is not a host name`);
  });

  test('trusted proxies: none, or addresses and networks', () => {
    expect(loadSettings({}, true).trustedProxies).toEqual([]);
    expect(
      loadSettings({ CLOUD_TRUSTED_PROXIES: '10.0.0.7, 192.168.0.0/16,::1,fd00::/8' }, true).trustedProxies,
    ).toEqual(['10.0.0.7', '192.168.0.0/16', '::1', 'fd00::/8']);
    for (const given of [
      'proxy',
      '10.0.0.0/33',
      'fd00::/129',
      '10.0.0.7,',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '0.0.0.0/0',
      '::/0',
      'fe80::1%eth0',
    ])
      expect(wrong({ CLOUD_TRUSTED_PROXIES: given })).toContain(
        `CLOUD_TRUSTED_PROXIES=${given}: must be addresses or networks, separated by commas, for example 127.0.0.1,10.0.0.0/8`,
      );
  });

  test.each([
    ['CLOUD_ROLE', 'boss', 'CLOUD_ROLE=boss: must be one of all, api, worker'],
    ['CLOUD_LISTEN', '8080', 'CLOUD_LISTEN=8080: must be host:port, for example 127.0.0.1:8080 or [::1]:8080'],
    [
      'CLOUD_LISTEN',
      'localhost:70000',
      'CLOUD_LISTEN=localhost:70000: must be host:port, for example 127.0.0.1:8080 or [::1]:8080',
    ],
    ['CLOUD_PG_PORT', '0', 'CLOUD_PG_PORT=0: must be a whole number from 1 to 65535'],
    ['CLOUD_PG_PORT', '80.5', 'CLOUD_PG_PORT=80.5: must be a whole number from 1 to 65535'],
    ['CLOUD_PG_PORT', '0x50', 'CLOUD_PG_PORT=0x50: must be a whole number from 1 to 65535'],
    ['CLOUD_REGION', 'here', 'CLOUD_REGION=here: must be a region name like us-east-1'],
    ['CLOUD_DATA_DIR', 'data', 'CLOUD_DATA_DIR=data: must be an absolute path'],
    ['CLOUD_OVERCOMMIT_CPU', '1e9', 'CLOUD_OVERCOMMIT_CPU=1e9: must be a number from 0.1 to 100'],
    ['CLOUD_TEST_MODE', 'maybe', 'CLOUD_TEST_MODE=maybe: must be on or off'],
    ['CLOUD_DB_POOL_MIN', '26', 'CLOUD_DB_POOL_MIN=26: must not be above CLOUD_DB_POOL_MAX=25'],
  ])('%s=%s is refused in one line', (name, value, line) => {
    expect(wrong({ [name]: value })).toBe(line);
  });

  test('all wrong ones are told at once', () => {
    expect(wrong({ CLOUD_ROLE: 'x', CLOUD_TEST_MODE: 'y' }).split('\n')).toHaveLength(2);
  });

  test('a path without room for sockets is refused', () => {
    expect(wrong({ CLOUD_DATA_DIR: `/${'d'.repeat(80)}` })).toContain('at most 76 bytes');
    const longest = loadSettings({ CLOUD_DATA_DIR: `/${'d'.repeat(75)}` }, true);
    expect(Buffer.byteLength(`${longest.paths.postgresSocketDir}/.s.PGSQL.65535`)).toBeLessThan(108);
    expect(Buffer.byteLength(longest.paths.workerSocket)).toBeLessThan(108);
  });

  test.each([
    ['postgres://cloud:hunter2@host', 'postgres://***@host'],
    ['postgres://cloud:hun@ter2@host', 'postgres://***@host'],
    ['cloud:hunter2@host/db', '***@host/db'],
    ['host=h password=hunter2', 'host=h password=***'],
    ['postgres://host?password=hunter2&x=1', 'postgres://host?password=***&x=1'],
  ])('a password is not shown, however mistyped: %s', (given, shown) => {
    const line = wrong({ DATABASE_URL: given });
    expect(line.startsWith(`DATABASE_URL=${shown}: must be postgres://`)).toBe(true);
    expect(line).not.toMatch(/hun|ter2/);
    expect(wrong({ CLOUD_DATA_DATABASE_URL: given })).toBe(`CLOUD_DATA_${line}`);
  });

  test('an unknown sslmode is refused; those that check the certificate are given on as the one that says so', () => {
    const url = (mode: string): string => `postgres://u:p@h:5432/d?sslmode=${mode}&application_name=x`;
    const read = (mode: string) => loadSettings({ DATABASE_URL: url(mode) }, true).externalDatabaseUrl;
    expect(wrong({ DATABASE_URL: url('bogus') })).toContain(
      'sslmode must be one of disable, no-verify, prefer, require',
    );
    for (const mode of ['prefer', 'require', 'verify-ca', 'verify-full']) expect(read(mode)).toBe(url('verify-full'));
    for (const mode of ['disable', 'no-verify', 'require&uselibpqcompat=true']) expect(read(mode)).toBe(url(mode));
  });

  test('a socket’s folder may be the host', () => {
    const read = (url: string) => loadSettings({ DATABASE_URL: url }, true).externalDatabaseUrl;
    expect(read('postgres://u:p@/d?host=/run/postgresql')).toBe('postgres://u:p@localhost/d?host=/run/postgresql');
    expect(read('postgres:///d?host=/run/postgresql')).toBe('postgres://localhost/d?host=/run/postgresql');
    expect(read('postgres://u:p@h/d')).toBe('postgres://u:p@h/d');
  });

  test('API and PostgreSQL on one port are refused', () => {
    expect(wrong({ CLOUD_PG_PORT: '8080' })).toBe('CLOUD_PG_PORT=8080: must not be the port of CLOUD_LISTEN');
  });

  test('a lone process needs a database', () => {
    expect(wrong({ CLOUD_ROLE: 'api' })).toContain('needs DATABASE_URL');
    expect(
      loadSettings({ CLOUD_ROLE: 'api', DATABASE_URL: 'postgres://u:p@h:5432/d?sslmode=require' }, true).role,
    ).toBe('api');
  });

  test('a misspelt name is told, another program’s is not', () => {
    expect(findMisspelt({ CLOUD_LISTN: 'x', CLOUD_SDK_VERSION: '1', CLOUD_ROLE: 'all', HOME: '/' })).toEqual([
      'CLOUD_LISTN is not a setting; did you mean CLOUD_LISTEN?',
    ]);
  });

  test('help lists every setting with what is allowed and its default', () => {
    const help = describeSettings(true);
    for (const name of [
      'CLOUD_DATA_DIR',
      'CLOUD_LISTEN',
      'CLOUD_AWS_LISTEN',
      'DATABASE_URL',
      'CLOUD_ROLE',
      'CLOUD_DB_POOL_MAX',
    ]) {
      expect(help).toContain(name);
    }
    expect(help).toContain('an absolute path; default: /var/lib/thecloud\n');
    expect(help).toContain('one of all, api, worker; default: all\n');
    expect(help).toContain('a whole number from 1 to 65535; default: (empty)\n');
    expect(help).not.toContain('undefined');
  });
});
