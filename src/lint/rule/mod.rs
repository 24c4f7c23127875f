//! The rules of the linter: code, severity and description of each.

mod about;
mod connection;
mod credentials;
mod fields;
mod jobs;
mod pods;
mod profiles;
mod scaling;
mod triggers;
mod versions;

use std::fmt;
use std::str::FromStr;

pub(crate) use self::about::About;
use super::severity::Severity;
use super::spelling::nearest;

macro_rules! rules {
    ($($subject:literal $module:ident { $($rule:ident $about:ident,)* })*) => {
        /// A rule; its description is in the file of its subject.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Rule { $($(#[doc = concat!("See `", stringify!($about), "`.")] $rule,)*)* }

        impl Rule {
            /// All rules, by subject.
            pub const SUBJECTS: &[(&str, &[Self])] = &[$(($subject, &[$(Self::$rule),*])),*];

            pub(crate) const fn about(self) -> &'static About {
                match self { $($(Self::$rule => &$module::$about,)*)* }
            }
        }
    };
}

rules! {
    "Files and fields" fields {
        Syntax SYNTAX,
        NoObject NO_OBJECT,
        DuplicateKey DUPLICATE_KEY,
        DuplicateObject DUPLICATE_OBJECT,
        ApiVersion API_VERSION,
        UnknownField UNKNOWN_FIELD,
        FieldMissing FIELD_MISSING,
        FieldType FIELD_TYPE,
        FieldValue FIELD_VALUE,
        FieldRange FIELD_RANGE,
        UnquotedString UNQUOTED_STRING,
        InvalidName INVALID_NAME,
        NameLength NAME_LENGTH,
        Placeholder PLACEHOLDER,
        Patch PATCH,
    }
    "Connection to Redis" connection {
        NoAddress NO_ADDRESS,
        AddressAndHost ADDRESS_AND_HOST,
        AddressUrl ADDRESS_URL,
        AddressWithoutPort ADDRESS_WITHOUT_PORT,
        HostWithoutPort HOST_WITHOUT_PORT,
        InvalidHost INVALID_HOST,
        InvalidPort INVALID_PORT,
        HostLoopback HOST_LOOPBACK,
        HostAddress HOST_ADDRESS,
        ShortHost SHORT_HOST,
        SeveralAddresses SEVERAL_ADDRESSES,
        SentinelMaster SENTINEL_MASTER,
        SentinelPassword SENTINEL_PASSWORD,
        SentinelNoEffect SENTINEL_NO_EFFECT,
        DatabaseIndex DATABASE_INDEX,
        TlsPort TLS_PORT,
        TlsNoEffect TLS_NO_EFFECT,
        TlsUnverified TLS_UNVERIFIED,
        DuplicateTls DUPLICATE_TLS,
        CertificateWithoutKey CERTIFICATE_WITHOUT_KEY,
    }
    "Credentials" credentials {
        PasswordInPlainText PASSWORD_IN_PLAIN_TEXT,
        AuthenticationMissing AUTHENTICATION_MISSING,
        AuthenticationElsewhere AUTHENTICATION_ELSEWHERE,
        AuthenticationEmpty AUTHENTICATION_EMPTY,
        AuthenticationFile AUTHENTICATION_FILE,
        UnknownAuthenticationParameter UNKNOWN_AUTHENTICATION_PARAMETER,
        SecretElsewhere SECRET_ELSEWHERE,
        SecretKeyMissing SECRET_KEY_MISSING,
        VariableMissing VARIABLE_MISSING,
        ContainerMissing CONTAINER_MISSING,
        SecretData SECRET_DATA,
        TrailingNewline TRAILING_NEWLINE,
    }
    "Triggers and formula" triggers {
        NoTrigger NO_TRIGGER,
        TriggerType TRIGGER_TYPE,
        DuplicateTriggerName DUPLICATE_TRIGGER_NAME,
        UnknownParameter UNKNOWN_PARAMETER,
        TriggerBoolean TRIGGER_BOOLEAN,
        ListName LIST_NAME,
        UnusedListName UNUSED_LIST_NAME,
        ListLength LIST_LENGTH,
        ListLengthAverage LIST_LENGTH_AVERAGE,
        ActivationListLength ACTIVATION_LIST_LENGTH,
        ActivationThreshold ACTIVATION_THRESHOLD,
        ActivationNoEffect ACTIVATION_NO_EFFECT,
        MetricType METRIC_TYPE,
        MetricTypeValue METRIC_TYPE_VALUE,
        CachedMetrics CACHED_METRICS,
        TriggersMaximum TRIGGERS_MAXIMUM,
        Formula FORMULA,
        TriggerWithoutName TRIGGER_WITHOUT_NAME,
        FormulaTarget FORMULA_TARGET,
        FormulaBelowZero FORMULA_BELOW_ZERO,
        FormulaDivisionByZero FORMULA_DIVISION_BY_ZERO,
    }
    "Replicas and timing" scaling {
        MinAboveMax MIN_ABOVE_MAX,
        IdleReplicaCount IDLE_REPLICA_COUNT,
        PausedReplicas PAUSED_REPLICAS,
        FallbackFormula FALLBACK_FORMULA,
        FallbackNoEffect FALLBACK_NO_EFFECT,
        CooldownNoEffect COOLDOWN_NO_EFFECT,
        CooldownTooShort COOLDOWN_TOO_SHORT,
        PollingNoEffect POLLING_NO_EFFECT,
        SlowActivation SLOW_ACTIVATION,
        Rebound REBOUND,
        EmptyPolicies EMPTY_POLICIES,
        Tolerance TOLERANCE,
        TooManyClients TOO_MANY_CLIENTS,
    }
    "ScaledJobs" jobs {
        ImmediateRollout IMMEDIATE_ROLLOUT,
        DeprecatedRolloutStrategy DEPRECATED_ROLLOUT_STRATEGY,
        DeadlineTooShort DEADLINE_TOO_SHORT,
        HistoryLimits HISTORY_LIMITS,
        Parallelism PARALLELISM,
        RestartPolicy RESTART_POLICY,
        StrategyNoEffect STRATEGY_NO_EFFECT,
        TooFewJobs TOO_FEW_JOBS,
        EmptyJobs EMPTY_JOBS,
    }
    "Targets and pods" pods {
        TargetKind TARGET_KIND,
        TargetMissing TARGET_MISSING,
        TargetElsewhere TARGET_ELSEWHERE,
        DuplicateTarget DUPLICATE_TARGET,
        DuplicateHpaName DUPLICATE_HPA_NAME,
        CompetingHpa COMPETING_HPA,
        ScalesRedis SCALES_REDIS,
        Replicas REPLICAS,
        GracePeriod GRACE_PERIOD,
        BudgetBlocks BUDGET_BLOCKS,
        ImageTag IMAGE_TAG,
        ImagePullPolicy IMAGE_PULL_POLICY,
        HostNetwork HOST_NETWORK,
        PodResources POD_RESOURCES,
    }
    "KEDA releases" versions {
        KedaVersion KEDA_VERSION,
        KedaLimitation KEDA_LIMITATION,
        UnknownKedaVersion UNKNOWN_KEDA_VERSION,
    }
    "Profiles" profiles {
        InvalidProfile INVALID_PROFILE,
        NoHandler NO_HANDLER,
        NoTimeout NO_TIMEOUT,
        ConsumerExits CONSUMER_EXITS,
        JobsCountedAgain JOBS_COUNTED_AGAIN,
        UnlimitedProducer UNLIMITED_PRODUCER,
        ProducerAndCommand PRODUCER_AND_COMMAND,
        NetworkPolicy NETWORK_POLICY,
    }
}

impl Rule {
    /// All rules, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::SUBJECTS.iter().flat_map(|(_, rules)| *rules).copied()
    }

    /// Code that findings show, such as `short-host`.
    pub const fn code(self) -> &'static str {
        self.about().code
    }

    /// Severity of all its findings.
    pub const fn severity(self) -> Severity {
        self.about().severity
    }

    /// Returns whether `--allow` accepts it: without these two nothing else could be checked.
    pub const fn can_be_allowed(self) -> bool {
        !matches!(self, Self::Syntax | Self::InvalidProfile)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Error for a code that no rule has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such rule; {}", nearest.map_or_else(|| "--rules lists them".to_owned(), |rule| format!("did you mean `{rule}`?")))]
pub struct UnknownRule {
    /// Rule with the most similar code.
    pub nearest: Option<Rule>,
}

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(code: &str) -> Result<Self, UnknownRule> {
        let find = |code: &str| Self::all().find(|rule| rule.code() == code);
        find(code).ok_or_else(|| UnknownRule { nearest: nearest(code, Self::all().map(Self::code)).and_then(find) })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_kebab_case_and_named_after_their_variant() {
        let codes: BTreeSet<&str> = Rule::all().map(Rule::code).collect();
        assert_eq!(codes.len(), Rule::all().count());
        for rule in Rule::all() {
            let variant: String = rule
                .code()
                .split('-')
                .flat_map(|word| {
                    let (first, rest) = word.split_at(1);
                    [first.to_uppercase(), rest.to_owned()]
                })
                .collect();
            assert_eq!(format!("{rule:?}"), variant);
        }
    }

    #[test]
    fn rules_are_parsed_from_their_code() {
        for rule in Rule::all() {
            assert_eq!(rule.code().parse(), Ok(rule));
        }
        assert_eq!("short-hosts".parse::<Rule>(), Err(UnknownRule { nearest: Some(Rule::ShortHost) }));
        assert_eq!("zebra".parse::<Rule>(), Err(UnknownRule { nearest: None }));
    }

    #[test]
    fn summaries_are_one_line_and_texts_are_sentences() {
        for rule in Rule::all() {
            let About { summary, text, .. } = rule.about();
            assert!(summary.len() <= 80 && !summary.ends_with('.'), "{rule}: {summary}");
            assert!(text.ends_with('.') && !text.contains('\n'), "{rule}: {text}");
        }
    }
}
