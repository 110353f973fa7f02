import { ConfirmDialog, toast, useDropTenant, useTenant } from '@thecloud/console';

/** Asks before the user leaves the tenant of the page. */
export function LeaveDialog({ onClose }: { readonly onClose: () => void }) {
  const tenant = useTenant();
  const drop = useDropTenant();
  if (!tenant) return null;
  return (
    <ConfirmDialog
      title={`Leave ${tenant.name}?`}
      verb="Leave"
      operation="tenants.leave"
      input={{ id: tenant.id }}
      typed={tenant.name}
      onClose={onClose}
      onDone={() => {
        onClose();
        toast(`You have left ${tenant.name}`);
        drop(tenant.id);
      }}
    >
      <p>
        Your keys to the tenant stop working immediately. What you created stays. To come back, you need an invitation.
      </p>
    </ConfirmDialog>
  );
}
