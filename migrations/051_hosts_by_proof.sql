-- An operator's key for what the operator changes of hosts: see docs/decisions/0010-authority-by-proof.md.

-- +goose Up
create trigger guard_operator before update on hosts for each statement when (current_user = 'cloud_operator') execute function guard_operator();

-- +goose Down
drop trigger guard_operator on hosts;
