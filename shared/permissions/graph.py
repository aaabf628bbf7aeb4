"""Microsoft Graph: application permissions, and the directory roles that some changes also take.

Source: permissions.json and provisioningInfo.json of microsoftgraph/microsoft-graph-devx-content,
revision 6cbd6bb (MIT).
"""

from functools import partial

from shared.permissions.need import DirectoryRole, Need, Section

BY_HAND = "Action `failed`, analysts told at once to do it by hand."
CHOSEN = "Only done when a person chose it or the policy allows it."
_graph = partial(Need, section=Section.GRAPH, vendor="entra")

GRAPH_NEEDS: tuple[Need, ...] = (
    _graph(
        purpose="The account's profile; its state before and after containment",
        operations=("users.get",),
        calls=("GET /users/{id}",),
        permission="User.Read.All",
        role_id="df021288-bdef-4463-88db-98f22de89214",
        without="Block `AD_User_Enrichment` partial; the kind of account is unknown, so everything "
        "is asked. Every identity action fails, because the state is read before it is changed.",
    ),
    _graph(
        purpose="Roles and groups",
        operations=("transitiveMemberOf",),
        calls=("GET /users/{id}/transitiveMemberOf",),
        permission="User.Read.All",
        role_id="df021288-bdef-4463-88db-98f22de89214",
        without="Roles unknown: everything is asked.",
    ),
    _graph(
        purpose="Roles that the account may activate (Privileged Identity Management)",
        operations=("roleEligibilitySchedules.list",),
        calls=("GET /roleManagement/directory/roleEligibilitySchedules",),
        permission="RoleEligibilitySchedule.Read.Directory",
        role_id="ff278e11-4a33-4d0c-83d2-d01dc58929a5",
        without="Whether the account may become an administrator is unknown: everything is asked. "
        "A tenant without Entra ID P2 is told apart: it has no such roles.",
    ),
    _graph(
        purpose="Which of the account's groups take roles, so that roles of a group are seen",
        operations=("transitiveMemberOf.group",),
        permission="GroupMember.Read.All",
        role_id="98830695-27a2-44f7-8c18-0c3ebc9698f6",
        without="The same, for an account that is in a group.",
    ),
    _graph(
        purpose="How many enabled users there are, for the share of the directory that may be "
        "contained without a person",
        operations=("users.count",),
        permission="User.Read.All",
        role_id="df021288-bdef-4463-88db-98f22de89214",
        without="Only the limits per hour hold.",
        optional=True,
    ),
    _graph(
        purpose="How many users hold a directory role, for the share of them that may be contained "
        "without a person (only under a policy that contains any so)",
        operations=("roleAssignments.list",),
        calls=("GET /roleManagement/directory/roleAssignments",),
        permission="RoleManagement.Read.Directory",
        role_id="483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
        without="Only the limits per hour hold for them.",
        optional=True,
    ),
    _graph(
        purpose="How many users may activate one",
        operations=("roleEligibilitySchedules.list",),
        calls=("GET /roleManagement/directory/roleEligibilitySchedules",),
        permission="RoleEligibilitySchedule.Read.Directory",
        role_id="ff278e11-4a33-4d0c-83d2-d01dc58929a5",
        without="They do not count, so that the share is of fewer.",
        optional=True,
    ),
    _graph(
        purpose="Whether another identity provider checks the account's password",
        operations=("domains.get",),
        permission="Domain.Read.All",
        role_id="dbb9058a-0e50-45d7-ae91-66909b5d4664",
        without="The password of a federated account is replaced in Entra, where nobody asks for "
        "it. No replaced password is shown as verified: look whether the domain is federated.",
    ),
    _graph(
        purpose="Names of roles",
        operations=("transitiveMemberOf",),
        permission="RoleManagement.Read.Directory",
        role_id="483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
        without="A role shows as its id; it still counts as a role.",
        optional=True,
    ),
    _graph(
        purpose="Which directory roles the app holds (`make doctor` only)",
        operations=("roleAssignments.list",),
        calls=("GET /roleManagement/directory/roleAssignments",),
        permission="RoleManagement.Read.Directory",
        role_id="483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
        without="`make doctor` cannot tell.",
        optional=True,
    ),
    _graph(
        purpose="Registered second factors, and whether it is an administrator",
        operations=("userRegistrationDetails.get",),
        calls=("GET /reports/authenticationMethods/userRegistrationDetails/{id}",),
        permission="AuditLog.Read.All",
        role_id="b0afded3-3588-46d8-8b3d-9842eff778da",
        without="`mfa_enabled` unknown: one critical input less.",
    ),
    _graph(
        purpose="Identity Protection's risk, also for read-back",
        operations=("riskyUsers.get",),
        calls=("GET /identityProtection/riskyUsers/{id}",),
        permission="IdentityRiskyUser.Read.All",
        role_id="dc5007c0-2d7d-4c42-879c-2dab87571379",
        without="Risk unknown, block partial. A tenant without Entra ID P2 is told apart and is no "
        "error.",
    ),
    _graph(
        purpose="Trusted named locations, whose addresses are never blocked",
        operations=("namedLocations.list",),
        calls=("GET /identity/conditionalAccess/namedLocations",),
        permission="Policy.Read.All",
        role_id="246dd0d5-5bd0-4def-940b-0421030a5b68",
        without="Whether an address is trusted is unknown: `BlockIP` is asked, never done by "
        "itself, unless the policy says `trusted_named_locations: false`.",
        optional=True,
    ),
    _graph(
        purpose="Revoke sessions",
        operations=("revokeSignInSessions",),
        calls=("POST /users/{id}/revokeSignInSessions",),
        permission="User.RevokeSessions.All",
        role_id="77f3a031-c388-4f99-b373-dc68676a979e",
        without=BY_HAND,
        changes=True,
    ),
    _graph(
        purpose="Replace the password",
        operations=("users.patch",),
        calls=("PATCH /users/{id}",),
        permission="User-PasswordProfile.ReadWrite.All",
        also="**and a directory role** (below)",
        role_id="cc117bb9-00cf-4eb8-b580-ea2a878fe8f7",
        without=BY_HAND,
        changes=True,
    ),
    _graph(
        purpose="Disable the account, and enable it again (undo)",
        operations=("users.patch",),
        calls=("PATCH /users/{id}",),
        permission="User.EnableDisableAccount.All",
        also="and for an administrator a directory role (below)",
        role_id="3011c876-62b7-4ada-afa2-506cbbecc68c",
        without=f"{BY_HAND} {CHOSEN}",
        changes=True,
    ),
    _graph(
        purpose="Confirm compromised",
        operations=("confirmCompromised",),
        calls=("POST /identityProtection/riskyUsers/confirmCompromised",),
        permission="IdentityRiskyUser.ReadWrite.All",
        role_id="656f6061-f9fe-4807-9708-6a2e0934df76",
        without=f"{BY_HAND} {CHOSEN} Needs Entra ID P2.",
        changes=True,
    ),
    Need(
        section=Section.GRAPH,
        vendor="conditional_access",
        purpose="The named location that a Conditional Access policy blocks",
        operations=("namedLocations.get",),
        calls=("GET /identity/conditionalAccess/namedLocations",),
        permission="Policy.Read.All",
        role_id="246dd0d5-5bd0-4def-940b-0421030a5b68",
        without="This part of `BlockIP` fails and is named; sign-ins from the address go on.",
        setting="named_location_id",
        changes=True,
    ),
    Need(
        section=Section.GRAPH,
        vendor="conditional_access",
        purpose="Block and lift addresses in that location",
        operations=("namedLocations.patch",),
        calls=("PATCH /identity/conditionalAccess/namedLocations/{id}",),
        permission="Policy.ReadWrite.ConditionalAccess",
        role_id="01c0a623-fc9b-48e9-b794-0756f8e8f067",
        without="The same.",
        setting="named_location_id",
        changes=True,
    ),
    Need(
        section=Section.GRAPH,
        vendor="conditional_access",
        purpose="Whether an enabled policy really blocks that location (`make doctor` only)",
        operations=("policies.list",),
        permission="Policy.Read.All",
        role_id="246dd0d5-5bd0-4def-940b-0421030a5b68",
        without="`make doctor` cannot tell.",
        setting="named_location_id",
        optional=True,
    ),
    _graph(
        purpose='Take "confirmed compromised" back (undo)',
        operations=("riskyUsers.dismiss",),
        calls=("POST /identityProtection/riskyUsers/dismiss",),
        permission="IdentityRiskyUser.ReadWrite.All",
        role_id="656f6061-f9fe-4807-9708-6a2e0934df76",
        without="The undo says so; dismiss the risk in Identity Protection.",
        changes=True,
    ),
    _graph(
        purpose="Sign-in methods, and removing those registered since the compromise began",
        operations=("authentication.methods.list", "authentication.methods.delete"),
        calls=(
            "GET /users/{id}/authentication/methods",
            "DELETE /users/{id}/authentication/phoneMethods/{id}",
            "DELETE /users/{id}/authentication/fido2Methods/{id}",
        ),
        permission="UserAuthenticationMethod.ReadWrite.All",
        also="and for an administrator a directory role (below)",
        role_id="50483e42-d915-4231-9639-7fdb7fd190e5",
        without="Action `failed`, with the methods to remove by hand as far as they could be read. "
        f"{CHOSEN}",
        changes=True,
    ),
    _graph(
        purpose="A Temporary Access Pass after a password reset, when an analyst asks for it",
        operations=("temporaryAccessPassMethods.post",),
        calls=("POST /users/{id}/authentication/temporaryAccessPassMethods",),
        permission="UserAuthenticationMethod.ReadWrite.All",
        role_id="50483e42-d915-4231-9639-7fdb7fd190e5",
        without="The page says so; the help desk issues the pass in Entra.",
        changes=True,
        optional=True,
    ),
    _graph(
        purpose="Inbox rules: list, disable, enable again (undo)",
        operations=("messageRules.list", "messageRules.patch"),
        calls=("PATCH /users/{id}/mailFolders/{id}/messageRules/{id}",),
        permission="MailboxSettings.ReadWrite",
        role_id="6931bccd-447a-43d1-b442-00a195474933",
        without=f"Action `failed`: look at the rules in Exchange. {CHOSEN}",
        changes=True,
    ),
    _graph(
        purpose="What the folders are called that rules move mail to",
        operations=("mailFolders.get",),
        permission="Mail.ReadBasic.All",
        role_id="693c5e45-0940-467d-9b8a-1022fb9d42ef",
        without="A rule that only moves mail is left to a person, as its folder is not known.",
        changes=True,
        optional=True,
    ),
    _graph(
        purpose="Consents given to applications: list, revoke, give again (undo)",
        operations=(
            "users.oauth2PermissionGrants.list",
            "oauth2PermissionGrants.delete",
            "oauth2PermissionGrants.post",
        ),
        calls=("GET /users/{id}/oauth2PermissionGrants", "DELETE /oauth2PermissionGrants/{id}"),
        permission="DelegatedPermissionGrant.ReadWrite.All",
        role_id="8e8e4742-1d95-4f68-9d56-6ee75648c72a",
        without="Action `failed`: revoke in the portal (Enterprise applications). " + CHOSEN,
        changes=True,
    ),
    Need(
        section=Section.GRAPH,
        vendor="graph_mail",
        purpose="E-mail from the one mailbox of `TOURNIQUET_MAIL_FROM`",
        operations=("sendMail",),
        calls=("POST /users/{id}/sendMail",),
        permission="Mail.Send",
        also="**not granted in Entra** but by RBAC for Applications in Exchange (below)",
        role_id="b633e1c5-b582-4048-a93e-9f11b44c7e96",
        without="Noted; the other channels go on.",
        setting="mail_via",
        chosen="graph",
        optional=True,
        by_hand=True,
    ),
)

DIRECTORY_ROLES: tuple[DirectoryRole, ...] = (
    DirectoryRole(
        "Password of an account without a directory role; password and disabling of one with a "
        "lesser role (readers, Guest Inviter, Helpdesk, Groups or User Administrator)",
        "User Administrator",
        "fe930be7-5e62-47db-91af-98c3a49a38b1",
    ),
    DirectoryRole(
        "Administrators (Global, Privileged Role, Authentication and others), and members or "
        "owners of a role-assignable group: password, disabling, sign-in methods",
        "Privileged Authentication Administrator",
        "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
    ),
)
"""Least first; the second does what the first does, and to administrators too."""
