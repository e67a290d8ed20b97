// Tell the server which time zone this browser is in. Without this script the account starts in UTC.
const field = document.querySelector("input[name='time_zone']");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

if (field && zone) field.value = zone;
