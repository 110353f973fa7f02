/** A call that is sent again with its token does nothing more. */
export const tokenIn = ({ ClientToken: token }: { readonly ClientToken?: string | undefined }) =>
  token === undefined ? {} : { idempotencyKey: token };
