"""Microsoft Graph v1.0, stateful over the tenant's directory.

Operations: ``users.get users.list users.count users.patch revokeSignInSessions transitiveMemberOf
transitiveMemberOf.directoryRole transitiveMemberOf.group roleEligibilitySchedules.list
memberOf manager authentication.methods authentication.methods.delete
temporaryAccessPassMethods.post registeredDevices
appRoleAssignments appRoleAssignments.delete
userRegistrationDetails userRegistrationDetails.list riskyUsers.get riskyUsers.list
confirmCompromised dismiss riskDetections.list users.oauth2PermissionGrants
oauth2PermissionGrants.list oauth2PermissionGrants.post oauth2PermissionGrants.delete
messageRules.list messageRules.get messageRules.patch messageRules.delete mailFolders.get
domains.get signIns.list signIns.get directoryAudits.list
namedLocations.list namedLocations.get namedLocations.post namedLocations.patch policies.list
sendMail``. A fault may also name ``users.patch.accountEnabled``,
``users.patch.passwordProfile`` or any other ``<operation>.<body key>``.

Timestamps that Graph sets itself are the wall clock's. Graph's request limits are played by
faults only.
"""
