//! `lingpai check --upstreams`: what to do about a refusal, in words that name the page of the console.

use lingpai_providers::mail::MailStep;

/// Whether a cloud's refusal is about who asks, not about what was asked for.
pub fn is_about_access(words: &str) -> bool {
    let codes = [
        "AccessKey",
        "SignatureDoesNotMatch",
        "SignatureNonce",
        "Forbidden",
        "NoPermission",
        "AuthFailure",
        "UnauthorizedOperation",
        "ILLEGAL_ACCESS",
        "Arrears",
    ];
    codes.iter().any(|code| words.contains(code))
}

/// What to do about a refusal of a cloud, by the code in its words; empty if it is none of the usual ones.
pub fn cloud(words: &str) -> &'static str {
    const HINTS: &[(&[&str], &str)] = &[
        (
            &["InvalidAccessKeyId", "AuthFailure.SecretIdNotFound", "AuthFailure.InvalidSecretId"],
            "密钥 ID 不存在或已停用:阿里云 RAM 控制台「用户 - AccessKey」,腾讯云「访问管理 - 访问密钥」。 \
             The key's id does not exist or is disabled: see RAM, Users, AccessKey (Alibaba Cloud) or CAM, API keys (Tencent Cloud).",
        ),
        (
            &["SignatureDoesNotMatch", "IncompleteSignature", "AuthFailure.SignatureFailure"],
            "密钥不对:重新复制 AccessKey Secret(阿里云 RAM 控制台「用户 - AccessKey」)或 SecretKey(腾讯云「访问管理 - 访问密钥」)。 \
             The secret is wrong: copy AccessKey Secret or SecretKey again, from RAM, Users, AccessKey (Alibaba Cloud) or CAM, API keys (Tencent Cloud).",
        ),
        (&["InvalidTimeStamp", "AuthFailure.SignatureExpire", "SignatureNonceUsed"], "服务器的时钟不准。 The server's clock is wrong."),
        (
            &["Forbidden", "NoPermission", "AuthFailure.UnauthorizedOperation", "isv.RAM_PERMISSION_DENY"],
            "子用户没有权限:阿里云 RAM 控制台「用户 - 权限管理」授予 dysms:SendSms、dypns:GetMobile 或 AliyunAntCloudAuthFullAccess,\
             腾讯云「访问管理 - 用户 - 权限」授予 QcloudSMSFullAccess 或 QcloudFaceIdFullAccess。 \
             The user lacks rights: grant dysms:SendSms, dypns:GetMobile or AliyunAntCloudAuthFullAccess in RAM, Users, Permissions, \
             QcloudSMSFullAccess or QcloudFaceIdFullAccess in CAM, Users, Permissions.",
        ),
        (
            &["isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_SIGNATURE", "SignatureIncorrectOrUnapproved"],
            "短信签名不对或未通过审核:阿里云短信服务「国内消息 - 签名管理」,腾讯云短信「国内短信 - 签名管理」。 \
             The signature is wrong or not approved: see SMS console, Signatures.",
        ),
        (
            &[
                "isv.SMS_TEMPLATE_ILLEGAL",
                "isv.TEMPLATE_MISSING_PARAMETERS",
                "TemplateIncorrectOrUnapproved",
                "TemplateParameter",
                "TemplateParamSetNotMatchApprovedTemplate",
            ],
            "短信模板不存在、未通过审核,或 template_params 与模板变量不符:阿里云短信服务「国内消息 - 模板管理」,腾讯云短信「国内短信 - 正文模板管理」。 \
             The template does not exist, is not approved, or template_params do not fit its variables: see SMS console, Templates.",
        ),
        (
            &["SmsSdkAppIdVerifyFail"],
            "SdkAppId 不对:腾讯云短信「应用管理 - 应用列表」。 The SdkAppId is wrong: see Tencent Cloud SMS, Applications.",
        ),
        (
            &["isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE", "InsufficientBalance", "Arrears"],
            "账户余额或套餐已用完:阿里云「费用与成本」,腾讯云「费用中心」,或短信控制台的「套餐包管理」。 \
             The balance or the package is used up: see the cloud's billing console, or Packages in the SMS console.",
        ),
        (
            &["Nonactivated", "isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE", "Unsupported.Account"],
            "服务尚未开通:在控制台开通,阿里云为「短信服务」「号码认证服务」,腾讯云为「短信」「人脸核身」。 \
             The service is not enabled: enable it in the console, SMS or Phone Number Verification (Alibaba Cloud), SMS or Face ID (Tencent Cloud).",
        ),
    ];
    HINTS.iter().find(|(codes, _)| codes.iter().any(|code| words.contains(code))).map_or("", |(_, hint)| hint)
}

/// What to do about a code of Alibaba Cloud's face verification ("Error codes" in its documentation); empty if it
/// is none of the operator's.
pub fn aliyun_face(code: &str) -> &'static str {
    match code {
        "402" | "404" => {
            "认证场景不存在,或不属于这个账号:实人认证控制台「金融级实人认证 - 接入场景设置」,复制场景 ID 到 providers.frv.scene_id。 \
             The scene does not exist, or is another account's: see ID Verification console, Scenes, and copy the scene's id to providers.frv.scene_id."
        }
        "410" => {
            "服务未开通,或没有授权写入 OSS:实人认证控制台「金融级实人认证 - 概览」中开通,「接入场景设置」中授权 OSS。 \
             The service is not enabled, or may not write to OSS: see ID Verification console, Overview and Scenes."
        }
        "411" => {
            "子用户没有权限:阿里云 RAM 控制台「用户 - 权限管理」授予 AliyunAntCloudAuthFullAccess。 \
             The user lacks rights: grant AliyunAntCloudAuthFullAccess in RAM, Users, Permissions."
        }
        "412" => {
            "实人认证或 OSS 欠费:阿里云「费用与成本 - 充值」。 ID verification or OSS is in arrears: see Alibaba Cloud, Billing, Top up."
        }
        "500" => "阿里云内部错误,稍后再试。 An internal error of Alibaba Cloud's: try again later.",
        _ => "",
    }
}

/// What to do about a mail server that fails at a step.
pub fn mail(step: MailStep, host: &str) -> &'static str {
    match step {
        MailStep::Connecting => {
            "检查 providers.email 的 host、port 与 tls(465 用 tls,587 用 starttls),证书须与主机名相符;许多云厂商封禁出站 25 端口,可在其控制台「安全组」或「25 端口解封」中查看。 \
             Check host, port and tls in [providers.email] (465: tls, 587: starttls); the certificate must be the host's. Many clouds block port 25: \
             see Security groups or Unblock port 25 in their console."
        }
        MailStep::LoggingIn => mailbox(host, true),
        MailStep::NamingTheSender => mailbox(host, false),
    }
}

/// Where the password for SMTP comes from, or which senders are allowed, by the server's name.
fn mailbox(host: &str, about_login: bool) -> &'static str {
    const PAGES: &[(&str, &str, &str)] = &[
        (
            "smtp.qq.com",
            "QQ 邮箱网页版「账号与安全 - 安全设置」(旧版「设置 - 账号」)的 POP3/IMAP/SMTP 服务中开启 SMTP,密码填生成的授权码。 \
             In QQ Mail on the web, Account and security, Security settings (older: Settings, Account), POP3/IMAP/SMTP, enable SMTP; the password is the authorisation code made there.",
            "from 必须就是登录的 QQ 邮箱,或「设置 - 账号」中的英文邮箱别名。 from must be the mailbox that logs in, or an alias in its settings, Account.",
        ),
        (
            "exmail.qq.com",
            "腾讯企业邮网页版「设置 - 收发信设置」开启 SMTP,「设置 - 邮箱绑定 - 安全登录」中生成客户端专用密码。 \
             In Tencent Exmail's web settings, Sending and receiving, enable SMTP; make a client password under Binding, Secure login.",
            "from 必须是登录的邮箱或它的别名:企业邮管理后台「通讯录 - 成员」。 from must be the mailbox that logs in or an alias: see Exmail's admin console, Contacts, Members.",
        ),
        (
            "163.com",
            "网易邮箱网页版「设置 - POP3/SMTP/IMAP」开启 SMTP,密码填新增的授权密码。 \
             In NetEase Mail's web settings, POP3/SMTP/IMAP, enable SMTP; the password is the authorisation code made there.",
            "from 必须就是登录的网易邮箱。 from must be the mailbox that logs in.",
        ),
        (
            "126.com",
            "网易邮箱网页版「设置 - POP3/SMTP/IMAP」开启 SMTP,密码填新增的授权密码。 \
             In NetEase Mail's web settings, POP3/SMTP/IMAP, enable SMTP; the password is the authorisation code made there.",
            "from 必须就是登录的网易邮箱。 from must be the mailbox that logs in.",
        ),
        (
            "smtpdm",
            "阿里云邮件推送控制台「发件地址 - 设置 SMTP 密码」;用户名是完整的发件地址。 \
             See Alibaba Cloud DirectMail, Sender addresses, Set SMTP password; the user is the whole sender address.",
            "发信域名或发件地址未通过验证:阿里云邮件推送控制台「发信域名」与「发件地址」。 \
             The domain or the sender address is not verified: see Alibaba Cloud DirectMail, Domains and Sender addresses.",
        ),
        (
            "qcloudmail",
            "腾讯云邮件推送控制台「邮件配置 - 发信地址 - 设置 SMTP 密码」。 \
             See Tencent Cloud SES, Configuration, Sender addresses, SMTP password.",
            "发信域名或发信地址未通过验证:腾讯云邮件推送控制台「邮件配置 - 发信域名」。 \
             The domain or the sender address is not verified: see Tencent Cloud SES, Configuration, Domains.",
        ),
        (
            "aliyun.com",
            "阿里企业邮网页版「设置 - 账户与安全 - 第三方客户端安全密码」。 See Alibaba Mail's web settings, Account and security, Client passwords.",
            "from 必须是登录的邮箱或它的别名:阿里企业邮管理后台「组织与用户」。 from must be the mailbox that logs in or an alias: see Alibaba Mail's admin console, Users.",
        ),
        (
            "gmail.com",
            "Google 账号「安全性 - 两步验证 - 应用专用密码」。 See Google Account, Security, 2-Step Verification, App passwords.",
            "Gmail「设置 - 账号 - 用这个地址发送邮件」。 See Gmail settings, Accounts, Send mail as.",
        ),
        (
            "office365.com",
            "Microsoft 365 管理中心「用户 - 活跃用户 - 邮件 - 管理电子邮件应用」勾选“已验证的 SMTP”。 \
             See Microsoft 365 admin center, Active users, Mail, Manage email apps, Authenticated SMTP.",
            "from 必须是登录的邮箱,或有“代理发送”权限:Exchange 管理中心「收件人 - 邮箱 - 委派」。 \
             from must be the mailbox that logs in, or one it may send as: see Exchange admin center, Mailboxes, Delegation.",
        ),
        (
            "amazonaws.com",
            "AWS SES 控制台「SMTP settings - Create SMTP credentials」,不是访问密钥。 See SES console, SMTP settings, Create SMTP credentials: they are no access keys.",
            "发信域名或地址未验证,或账号仍在沙盒中:AWS SES 控制台「Identities」与「Account dashboard」。 \
             The sender is not verified, or the account is still in the sandbox: see SES console, Identities and Account dashboard.",
        ),
    ];
    let host = host.to_ascii_lowercase();
    let page = PAGES.iter().find(|(part, ..)| host.contains(part));
    match (page, about_login) {
        (Some((_, login, _)), true) => login,
        (Some((_, _, sender)), false) => sender,
        (None, true) => {
            "用户名或密码不对:许多邮箱要在网页版「设置 - POP3/IMAP/SMTP」中开启 SMTP,密码填授权码;邮件推送服务在控制台「发信地址」中设置 SMTP 密码。 \
             User or password is wrong: many mailboxes want SMTP enabled in their web settings, POP3/IMAP/SMTP, and an authorisation code as password; \
             sending services have SMTP passwords in their console, Sender addresses."
        }
        (None, false) => {
            "发信地址 providers.email.from 不被接受:它须属于登录的邮箱,或在邮件推送控制台「发信域名」与「发信地址」中验证过。 \
             The sender providers.email.from is not accepted: it must be the mailbox's own, or verified in the sending service's console, Domains and Sender addresses."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_that_operators_meet_are_explained() {
        for code in [
            "InvalidAccessKeyId.NotFound",
            "SignatureDoesNotMatch",
            "isv.SMS_SIGNATURE_ILLEGAL",
            "isv.SMS_TEMPLATE_ILLEGAL",
            "FailedOperation.TemplateIncorrectOrUnapproved",
            "UnauthorizedOperation.SmsSdkAppIdVerifyFail",
            "AuthFailure.SecretIdNotFound",
            "FailedOperation.InsufficientBalanceInSmsPackage",
            "UnauthorizedOperation.Nonactivated",
        ] {
            let words = cloud(&format!("refused: {code}: no"));
            assert!(names_a_page(words), "{code}");
        }
        assert_eq!(cloud("isv.SOMETHING"), "");
        assert!(is_about_access("refused with AuthFailure.SignatureFailure") && !is_about_access("refused with 401"));
    }

    #[test]
    fn codes_of_face_verification_are_explained() {
        for code in ["402", "404", "410", "411", "412"] {
            assert!(names_a_page(aliyun_face(code)), "{code}");
        }
        assert_eq!((aliyun_face("200"), aliyun_face("406")), ("", ""));
    }

    #[test]
    fn the_page_depends_on_who_keeps_the_mailbox() {
        let hosts = [
            ("smtp.qq.com", "QQ 邮箱"),
            ("smtp.exmail.qq.com", "腾讯企业邮"),
            ("smtp.163.com", "网易"),
            ("smtpdm.aliyun.com", "邮件推送"),
            ("smtp.qiye.aliyun.com", "阿里企业邮"),
            ("SMTP.GMAIL.COM", "Google"),
            ("smtp.office365.com", "Microsoft 365"),
            ("email-smtp.eu-west-1.amazonaws.com", "SES"),
            ("mail.example.com", "授权码"),
        ];
        for (host, named) in hosts {
            let words = mail(MailStep::LoggingIn, host);
            assert!(words.contains(named) && names_a_page(words), "{host}: {words}");
            assert!(mail(MailStep::NamingTheSender, host).contains("from") || !mail(MailStep::NamingTheSender, host).is_ascii(), "{host}");
            assert!(mail(MailStep::Connecting, host).contains("465"));
        }
    }

    /// In Chinese pages stand in brackets; and there is English beside it.
    fn names_a_page(words: &str) -> bool {
        words.contains('「') && words.split('」').next_back().is_some_and(|english| english.contains(|c: char| c.is_ascii_lowercase()))
    }
}
