import { expect, test } from 'vitest';
import { refusedOf } from './refusal.ts';

const MEMBERS = ['name', 'image', 'vpc_id', 'instance_type', 'env', 'cmd', 'labels', 'cidrs', 'permissions', 'role'];
const refuse = (message: string, input: object = {}, code = 'INVALID_INPUT', status = 400) =>
  refusedOf({ code, status, message }, MEMBERS, input as Readonly<Record<string, unknown>>);

test.each([
  ["name 'a b' must be letters, digits, - and _ only", { name: "'a b' must be letters, digits, - and _ only" }],
  ['name must not be empty', { name: 'Must not be empty' }],
  ['name, image are required', { name: 'Required', image: 'Required' }],
  ['image is required', { image: 'Required' }],
  ["labels: the key 'x\\n' must be 1 to 128 characters", { labels: "The key 'x\\n' must be 1 to 128 characters" }],
  ['labels.team must be text, not 5', { labels: 'team: must be text, not 5' }],
  ["env.2 'FOO' must be KEY=value", { env: "Line 3: 'FOO' must be KEY=value" }],
  ['cmd[0] is empty; it must name a program', { cmd: 'Line 1: is empty; it must name a program' }],
  [
    "cidrs: '10.0.0.1/8' has host bits set; did you mean 10.0.0.0/8?",
    { cidrs: "'10.0.0.1/8' has host bits set; did you mean 10.0.0.0/8?" },
  ],
])('%s stands at its member', (message, members) => {
  expect(refuse(message)).toEqual({ members, rest: [] });
});

test('several things stand each at its member', () => {
  expect(refuse("name 'x y' must be letters; env.0 must be text, not 1; image is required")).toEqual({
    members: { name: "'x y' must be letters", env: 'Line 1: must be text, not 1', image: 'Required' },
    rest: [],
  });
});

test('what is said of a member that the form does not have is not lost', () => {
  expect(refuse("unknown member 'nmae'; known are name, image")).toEqual({
    members: {},
    rest: ["Unknown member 'nmae'; known are name, image"],
  });
  expect(refuse("name must not be empty; unknown member 'x'; known are name")).toEqual({
    members: { name: 'Must not be empty' },
    rest: ["Unknown member 'x'; known are name"],
  });
  expect(refuse("names 'a' are many")).toEqual({ members: {}, rest: ["Names 'a' are many"] });
});

test('a name that is taken stands at the name', () => {
  const message = "a VPC named 'web' already exists; choose another name";
  expect(refuse(message, { name: 'web', image: 'busybox' }, 'CONFLICT', 409).members).toEqual({
    name: "A VPC named 'web' already exists; choose another name",
  });
  expect(refuse(message, { name: 'web', image: 'web' }, 'CONFLICT', 409).members).toHaveProperty('name');
});

test('a reference that leads nowhere stands at the reference', () => {
  const { members } = refuse("vpc 'nowhere' does not exist", { name: 'web', vpc_id: 'nowhere' }, 'NOT_FOUND', 404);
  expect(members).toEqual({ vpc_id: "Vpc 'nowhere' does not exist" });
});

test('a quota that is used up, and a failure of the platform, stand at no member', () => {
  const quota = "quota 'instances': 5 of 5 instances are used, and this needs 1 more";
  expect(refuse(quota, { name: 'instances' }, 'QUOTA_EXCEEDED', 429)).toEqual({
    members: {},
    rest: ["Quota 'instances': 5 of 5 instances are used, and this needs 1 more"],
  });
  expect(refuse('name server is away', {}, 'INTERNAL', 500).members).toEqual({});
});
