import type * as Ec2 from '@aws-sdk/client-ec2';
import type { Handlers } from '@thecloud/aws-protocol';
import { expectTypeOf, it } from 'vitest';
import type { SdkAction } from './aws-actions.ts';

type DescribeVpcs = SdkAction<Handlers<typeof Ec2>, 'DescribeVpcs'>;

/** Checked by the compiler: an error that is expected and does not come fails the type check. */
it("an action has the SDK's types", () => {
  expectTypeOf<Parameters<DescribeVpcs>[0]['VpcIds']>().toEqualTypeOf<string[] | undefined>();
  const right: DescribeVpcs = async (input) => ({ NextToken: input.NextToken ?? '', Vpcs: [{ VpcId: 'vpc-1' }] });
  // @ts-expect-error no such member of the input
  const wrongInput: DescribeVpcs = async (input) => ({ NextToken: input.NextTokens });
  // @ts-expect-error a member of the output with the wrong type
  const wrongType: DescribeVpcs = async () => ({ Vpcs: [{ VpcId: 1 }] });
  // @ts-expect-error no such action
  type NoAction = SdkAction<Handlers<typeof Ec2>, 'DescribeWonders'>;
  return [right, wrongInput, wrongType, {} as NoAction];
});
