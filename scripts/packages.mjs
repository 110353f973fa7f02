/**
 * What the platform needs from the distribution, in one place. `proof` is a file or a program on the path that shows it is there:
 * looking at files costs a millisecond, asking dpkg fifty, and it is true on every distribution.
 */

/** @typedef {{ name: string, for: 'database' | 'engine' | 'all' | 'tests' | 'peers', proof: readonly string[], why: string, instead?: string }} SystemPackage */

/** @type {readonly SystemPackage[]} */
export const SYSTEM_PACKAGES = [
  {
    name: 'postgresql',
    for: 'database',
    proof: ['/usr/lib/postgresql/*/bin/initdb', 'initdb'],
    why: 'the database of the platform (15 or later)',
  },
  {
    name: 'incus-base',
    for: 'engine',
    instead: 'incus',
    proof: ['/usr/libexec/incus/incusd', '/usr/lib/incus/incusd', '/opt/incus/bin/incusd', 'incusd'],
    why: 'runs the instances',
  },
  { name: 'btrfs-progs', for: 'engine', proof: ['mkfs.btrfs'], why: 'the storage pool of instances and volumes' },
  {
    name: 'lxcfs',
    for: 'engine',
    proof: ['/usr/share/lxcfs/lxc.mount.hook'],
    why: 'shows instances their own memory, processors and load',
  },
  { name: 'nftables', for: 'engine', proof: ['nft'], why: 'firewall and address translation of the private networks' },
  { name: 'iproute2', for: 'engine', proof: ['ip'], why: 'network namespaces and links' },
  { name: 'dnsmasq-base', for: 'engine', proof: ['dnsmasq'], why: 'names inside a private network' },
  { name: 'squashfs-tools', for: 'engine', proof: ['mksquashfs'], why: 'packs images' },
  { name: 'mmdebstrap', for: 'engine', proof: ['mmdebstrap'], why: 'builds the debian/12 image' },
  { name: 'busybox-static', for: 'engine', proof: ['/bin/busybox', 'busybox'], why: 'the busybox image' },
  {
    name: 'debian-archive-keyring',
    for: 'engine',
    proof: ['/usr/share/keyrings/debian-archive-keyring.gpg'],
    why: 'checks what the debian/12 image is built from',
  },
  { name: 'uidmap', for: 'engine', proof: ['newuidmap'], why: 'user ids of unprivileged containers' },
  { name: 'procps', for: 'engine', proof: ['sysctl'], why: 'kernel settings of the private networks' },
  { name: 'util-linux', for: 'all', proof: ['nsenter'], why: 'enters namespaces, locks the data folder' },
  { name: 'gcc', for: 'tests', proof: ['gcc'], why: 'compiles what takes of the kernel inside an instance' },
  { name: 'libc6-dev', for: 'tests', proof: ['/usr/lib/*/libc.a'], why: 'for a program that runs in every image' },
  { name: 'bsdutils', for: 'tests', proof: ['script'], why: 'a terminal for the tests of the command line' },
  { name: 'curl', for: 'tests', proof: ['curl'], why: 'a client of the AWS protocols' },
  { name: 'awscli', for: 'tests', proof: ['/usr/bin/aws'], why: 'a client of the AWS protocols, of another age' },
  {
    name: 'python3-boto3',
    for: 'tests',
    proof: ['/usr/lib/python3/dist-packages/boto3'],
    why: 'a client of the AWS protocols, of another age',
  },
  {
    name: 'python3-celery',
    for: 'tests',
    proof: ['/usr/lib/python3/dist-packages/celery'],
    why: 'a task queue that uses ours through the AWS door',
  },
  {
    name: 'python3-kombu',
    for: 'tests',
    proof: ['/usr/lib/python3/dist-packages/kombu/transport/SQS.py'],
    why: "Celery's transport over SQS",
  },
  {
    name: 'python3-pycurl',
    for: 'tests',
    proof: ['/usr/share/doc/python3-pycurl'],
    why: "sends what Celery's transport over SQS asks",
  },
  {
    name: 'python3-venv',
    for: 'tests',
    proof: ['/usr/lib/*/ensurepip/__init__.py'],
    why: 'holds the newest boto3 and awscli for the tests',
  },
  {
    name: 'chromium-headless-shell',
    for: 'tests',
    proof: ['chromium-headless-shell'],
    why: 'the browser that the tests of the console drive, without the desktop that a windowed one needs',
  },
  {
    name: 'fonts-noto-core',
    for: 'tests',
    proof: ['/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf'],
    why: "screenshots in a font like those of people's desktops",
  },
  {
    name: 'fonts-noto-color-emoji',
    for: 'tests',
    proof: ['/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf'],
    why: 'names with emoji in screenshots',
  },
  {
    name: 'default-jre-headless',
    for: 'peers',
    proof: ['java'],
    why: 'runs ElasticMQ, which the bench of queues compares with',
  },
  { name: 'maven', for: 'peers', proof: ['mvn'], why: 'brings ElasticMQ and the load tool of RabbitMQ' },
  {
    name: 'rabbitmq-server',
    for: 'peers',
    proof: ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
    why: 'what the bench of queues compares with; it starts one of its own',
  },
  { name: 'passwd', for: 'all', proof: ['useradd'], why: 'makes the system users' },
];

/** Where programs of the system are, also when the caller's path is short. */
export const SYSTEM_PATH = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/opt/homebrew/bin',
];
