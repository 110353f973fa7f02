-- Secrets whose value the platform replaces with a random password from time to time.

-- +goose Up
alter table secrets
    -- Null: never by itself.
    add column rotation_days int check (rotation_days between 1 and 1000),
    -- Characters of the new password.
    add column rotation_length int check (rotation_length between 8 and 4096),
    add column rotates_at timestamptz,
    add column rotated_at timestamptz;
create index idx_secrets_rotates_at on secrets(rotates_at) where rotates_at is not null and deletes_at is null;
select show_to_operator('secrets', '{encrypted_value}');

-- +goose Down
drop index idx_secrets_rotates_at;
alter table secrets drop column rotated_at, drop column rotates_at, drop column rotation_length, drop column rotation_days;
select show_to_operator('secrets', '{encrypted_value}');
